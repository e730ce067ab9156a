"""Run the whole system on one machine: deploy the synthesised template into a local AWS emulator."""
