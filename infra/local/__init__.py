"""The whole system on one machine: the synthesised template in a local AWS emulator."""
