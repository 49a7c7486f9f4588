-- The C compiler is there without it; courses and scripts written for a cluster load it.
whatis("Name: gcc")
whatis("Version: @full@")
whatis("Description: the C compiler, for extensions of Python such as Cython's")
help([[
gcc @full@ compiles C. With `module load python` it also builds Cython's modules: `python setup.py build_ext --inplace`.
]])
family("compiler")
