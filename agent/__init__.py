"""The supervised loop; the only package that imports langgraph."""
