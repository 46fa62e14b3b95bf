#!/usr/bin/env bash
# Brings the training environment: Debian 13's PyTorch in a folder of its own (the system stays as it is), unless a Python
# with torch is at hand already (a GPU machine, say): then TRAINING_PYTHON names it. Prints the command that runs Python.
set -euo pipefail
root="${XDG_CACHE_HOME:-$HOME/.cache}/squeezebert-wasm/training-root"
repo="$(cd "$(dirname "$0")/.." && pwd)"
packages=python3-torch,libopenblas0-pthread,python3-numpy,python3-matplotlib,g++

if [ -n "${TRAINING_PYTHON:-}" ]; then echo "$TRAINING_PYTHON"; exit; fi
if [ ! -e "$root/usr/bin/python3" ] || [ ! -e "$root/.complete" ]; then
  [ "$(id -u)" = 0 ] || { echo "training/setup.sh needs root for debootstrap and chroot (or TRAINING_PYTHON)" >&2; exit 1; }
  command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap >&2
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  [ -e "$root/usr/bin/python3" ] || debootstrap --variant=minbase --include="$packages" trixie "$root" "$mirror" >&2
  touch "$root/.complete"
fi
# (a folder made before the encoder was written in C++ has no compiler yet)
[ -e "$root/usr/bin/c++" ] || chroot "$root" apt-get install -y -q --no-install-recommends g++ >&2
# Without /proc and /sys OpenBLAS and oneDNN cannot read the processor and fall back to slow kernels.
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/sys" || mount -t sysfs sys "$root/sys"
mkdir -p "$root/project/main" "$root/project/shared"
mountpoint -q "$root/project/main" || mount --bind "$repo" "$root/project/main"
# (a mount whose folder has been replaced since shows nothing)
[ -e "$root/project/shared/data" ] || { umount "$root/project/shared" 2>/dev/null || true; mount --bind "$repo/../shared" "$root/project/shared"; }
echo "chroot $root /usr/bin/env -C /project/main/training PYTHONUNBUFFERED=1 OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1 python3"
