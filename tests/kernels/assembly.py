"""Print the assembly of kernels, compiled for a given processor.

python assembly.py CPU KERNELS TRIPLE...     CPU: generic (64-bit ARM) or x86-64 (without AVX); KERNELS: names with
                                             commas, or all; TRIPLE: LLVM's target triples
"""

from __future__ import annotations

import re
import sys

import llvmlite.binding as llvm

from pairlens.kernels import processor

# The processor as the kernels see it. Numba itself compiles for x86-64, the machine of these tests, in both cases.
PROCESSORS = {
    "generic": processor.Processor("x86-64", "", lanes=4, fma=True),
    "x86-64": processor.Processor("x86-64", "", lanes=4, fma=False),
}


def assembly(code: str, triple: str, cpu: str) -> str:
    target = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=3)
    module = llvm.parse_assembly(f'target datalayout = "{target.target_data}"\ntarget triple = "{triple}"\n{code}')
    printed: str = target.emit_assembly(module)
    return printed


def without_target(code: str) -> str:
    """Return LLVM's code without the parts for x86-64 only: the target, and a function that no kernel calls."""
    code = re.sub(r'^target (datalayout|triple) = ".*"\n', "", code, flags=re.M)
    return re.sub(r"^define [^@]*@NRT_decref\(.*?^}\n", "", code, flags=re.M | re.S)


def main(cpu: str, names: str, *triples: str) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    processor.processor = lambda: PROCESSORS[cpu]

    from pairlens.kernels.compiler import KERNELS, compile_kernel

    for kernel in KERNELS if names == "all" else names.split(","):
        code = without_target(compile_kernel(kernel)[0])
        for triple in triples:
            print(assembly(code, triple, cpu))


if __name__ == "__main__":
    main(*sys.argv[1:])
