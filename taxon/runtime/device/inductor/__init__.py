"""What taxon changes in graphs that torch's compiler, Inductor, makes for a CPU.

Importing a part of this takes seconds, since it needs the compiler.
"""
