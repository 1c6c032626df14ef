"""What was learnt; the only package that imports chromadb."""
