"""The reproducible mode: the same bits on every x86-64 CPU with AVX2, whoever made it. Standard library only.

Libraries choose their code by the CPU: another width of vectors adds the same numbers in another order, and the last digits
differ. In training such digits grow. The mode holds every library to the code that all these CPUs have, and networks are
trained on the CPU in float32. The versions of the libraries must still be the same; the manifest of a run names them.

The variables must be set before the libraries are loaded: `merlib run --reproducible` sets them for the kernel and its
workers.
"""

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # its convolutions and recurrent networks
    # its matrix products; MKL's AVX2 code takes other steps on Intel's CPUs than on AMD's
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of NumPy and SciPy
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",  # NumPy's loops: AVX2 and FMA
    "OPENCV_IPP": "disabled",  # it is for Intel's CPUs
    "OPENCV_OPENCL_RUNTIME": "disabled",
    "OPENCV_LOG_LEVEL": "ERROR",  # or each notebook shows OpenCV's remarks on the three lines above
    # how a sum is split over threads changes its last digits; folds and clips are spread over processes
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
NEEDED = ("avx2", "fma")
# what all x86-64 CPUs have: another order of the same sums
OLDEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}


@contextmanager
def held(variables: Mapping[str, str]) -> Iterator[None]:
    """For the time of the block, the libraries that this process, or one that it starts, loads are held to less."""
    before = dict(os.environ)
    os.environ |= variables
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def is_on() -> bool:
    """Whether this process, and all that it starts, works in the reproducible mode."""
    return all(os.environ.get(name) == value for name, value in ENVIRONMENT.items())


def mode() -> str:
    """ "reproducible" or "fast", the latter with what holds libraries to fewer instructions than the CPU has.

    What is computed in one mode is never read in another.
    """
    limits = [f"{name}={os.environ[name]}" for name in OLDEST if name in os.environ]
    return "reproducible" if is_on() else ", ".join(["fast", *limits])


def faults() -> list[str]:
    """Why this machine cannot work in the mode, one sentence each."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return [f"The reproducible mode is for x86-64 CPUs; this is {platform.machine()}. Run without --reproducible."]
    if lacking := [name for name in NEEDED if name not in instruction_sets()]:
        return [
            f"The reproducible mode needs a CPU with {', '.join(lacking)}; {cpu()} has none. Run without --reproducible."
        ]
    return []


def cpu() -> str:
    """The CPU's name, as the system tells it."""
    return _cpuinfo("model name") or _sysctl("machdep.cpu.brand_string") or platform.processor() or platform.machine()


def instruction_sets() -> list[str]:
    """The vector instruction sets that the CPU has, in alphabetical order: "avx2", "fma", ..."""
    flags = _cpuinfo("flags") or _sysctl("machdep.cpu.leaf7_features") + " " + _sysctl("machdep.cpu.features")
    names = {flag.lower().replace(".", "_") for flag in flags.split()}
    return sorted(name for name in names if name.startswith(("avx", "amx", "fma", "sse")))


def _cpuinfo(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _sysctl(name: str) -> str:
    try:
        return subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no macOS
        return ""


if "avx512f" in instruction_sets():  # OpenCV complains about what it cannot disable
    ENVIRONMENT["OPENCV_CPU_DISABLE"] = "AVX512-SKX"
