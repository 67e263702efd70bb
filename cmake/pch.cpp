// glid_pch only carries the precompiled header.
