"""one condition in CEL: checked when it is loaded, fast when it is asked.

The parser and the meaning are celpy's. A plain condition (fields, literals, comparisons, `in`,
`has`, `!`, `&&`, `||`) is also compiled to Python, which answers where every value it meets is
there and of the type it is compared with, and hands everything else to celpy. So the answer is
always celpy's, only sooner.
"""
