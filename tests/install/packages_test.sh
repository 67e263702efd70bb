#!/usr/bin/env bash
# Makes the packages of a build and looks into them, as somebody would who downloads them. usage: packages_test.sh BUILD_FOLDER
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH
die() { echo "packages_test: $*" >&2; exit 1; }

cpack --config "$build/CPackConfig.cmake" -B "$work" >"$work/log" 2>&1 || { cat "$work/log"; die "cpack failed"; }
tar=$(echo "$work"/*.tar.gz) deb=$(echo "$work"/*.deb)
for package in "$tar" "$deb"; do
  size_mib=$(($(stat -c %s "$package") >> 20))
  echo "$(basename "$package"): $size_mib MiB"
  [ "$size_mib" -lt 40 ] || die "$package has $size_mib MiB, 40 are allowed"
done

name=glid$(sed -n 's/^GLID_CUDA:BOOL=ON$/-cuda/p' "$build/CMakeCache.txt")
[ "$(dpkg-deb --field "$deb" Package)" = "$name" ] || die "$deb is not called $name"

mkdir "$work/tar" "$work/deb"
tar -xf "$tar" -C "$work/tar" --strip-components=1
dpkg-deb --extract "$deb" "$work/deb"
diff <(cd "$work/tar" && find . -type f | sort) <(cd "$work/deb/usr" && find . -type f | sort) || die "the two packages hold different files"
for archive in "$work"/tar/lib/libglid_*.a; do
  if readelf --section-headers --wide "$archive" | grep -q debug_info; then die "$archive has debug information"; fi
done
[ -f "$work/tar/include/glid/datasets.h" ] || die "the headers are missing"
[ -f "$work/tar/lib/cmake/glid/glidConfig.cmake" ] || die "the CMake package is missing"
for root in "$work/tar" "$work/deb/usr"; do
  "$root/bin/glid_eval" --version >/dev/null || die "$root/bin/glid_eval does not start"
  "$root/bin/glid_data" --version >/dev/null || die "$root/bin/glid_data does not start"
done

# Whatever is loaded is in the package, belongs to LibTorch or to a package that ours depends on.
depends=$(dpkg-deb --field "$deb" Depends)
cd "$work/tar/lib/glid"
while read -r library; do
  [ ! -e "$library" ] || continue
  dpkg-query --search "*/$library" | cut -d: -f1 >"$work/owners" || die "$library is of no package"
  grep -qwFf "$work/owners" <<<"$depends" || die "$library is neither in the package nor in Depends: $depends"
done < <(readelf --dynamic ../../bin/glid_eval ../../bin/glid_data ./*.so* $(ls glid_* 2>/dev/null) 2>/dev/null |
         sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^lib(torch|c10|cudart|nccl)' | sort -u)
