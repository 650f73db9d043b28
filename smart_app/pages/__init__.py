"""The pages: each takes input, calls one use case, builds one view, prints one template."""
