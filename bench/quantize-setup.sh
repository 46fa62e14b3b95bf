#!/usr/bin/env bash
# Brings onnxruntime's quantiser: Debian 13's python3-onnxruntime 1.21 and python3-onnx in a folder of their own (the system
# stays as it is). Prints the command that runs Python there, with build/bench as /data and bench as /bench.
# QUANTIZE_PYTHON names a Python with onnx and onnxruntime that is at hand already.
set -euo pipefail
repo="$(cd "$(dirname "$0")/.." && pwd)"
root="${XDG_CACHE_HOME:-$HOME/.cache}/squeezebert-wasm/quantize-root"
packages="python3-onnxruntime python3-onnx python3-numpy"

if [ -n "${QUANTIZE_PYTHON:-}" ]; then echo "$QUANTIZE_PYTHON $repo/bench/quantize.py $repo/build/bench"; exit; fi
if [ ! -e "$root/.complete" ]; then
  [ "$(id -u)" = 0 ] || { echo "bench/quantize-setup.sh needs root for debootstrap and chroot (or QUANTIZE_PYTHON)" >&2; exit 1; }
  command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap >&2
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  rm -rf "$root"
  debootstrap --variant=minbase trixie "$root" "$mirror" >&2
  # (not by --include: debootstrap does not know packages that others provide, as one that onnxruntime needs)
  # shellcheck disable=SC2086
  chroot "$root" apt-get install -y -q --no-install-recommends $packages >&2
  touch "$root/.complete"
fi
# onnxruntime reads the processor from /proc and /sys.
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/sys" || mount -t sysfs sys "$root/sys"
mkdir -p "$root/data" "$root/bench" "$repo/build/bench"
mountpoint -q "$root/data" || mount --bind "$repo/build/bench" "$root/data"
mountpoint -q "$root/bench" || mount --bind "$repo/bench" "$root/bench"
echo "chroot $root /usr/bin/python3 /bench/quantize.py /data"
