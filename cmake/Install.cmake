# `cmake --install build/<preset> --prefix DIR` makes a tree that runs anywhere: bin/, and in lib/ the distribution's libraries that
# another machine may lack. LibTorch is not in it: it is that machine's own torch 2.11, found through LD_LIBRARY_PATH.
install(RUNTIME_DEPENDENCY_SET glid_libraries
        PRE_EXCLUDE_REGEXES "^lib(torch|c10|cu|nv|nccl|gomp)" "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s)\\.so" "^ld-linux"
        LIBRARY DESTINATION lib)
install(DIRECTORY configs/ DESTINATION share/glid/configs)
install(PROGRAMS scripts/gpu_check.sh DESTINATION bin)
install(FILES LICENSE third_party/README.md DESTINATION share/doc/glid)
