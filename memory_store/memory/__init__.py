"""Keep, correct, retire, forget; SQL is the truth, Chroma the index.

`memory` is the one way in and `record` what it needs of SQL. `vectors` finds lessons by likeness;
`index` may be lost at any moment and is made again; `folder`, `collection`, `probe` are its parts.
"""
