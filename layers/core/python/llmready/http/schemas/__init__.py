"""The bodies of requests and answers, as contract and OpenAPI text have them."""
