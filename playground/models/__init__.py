"""One file per method; methods never import each other. What they share is in nets/ and in playground.sampling."""
