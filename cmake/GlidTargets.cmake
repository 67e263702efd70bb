# The layers, lowest first (scripts/check_layers.py reads this list), and the functions that make a target of each.
set(GLID_LAYERS core geometry formats config metrics dist nn model data viz tasks optim eval train report)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
add_link_options(-Wl,--disable-new-dtags)  # DT_RPATH: libraries found beside us find theirs there too

find_program(GLID_CCACHE ccache)
if(GLID_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The two relaxations are what ccache needs to cache compilations that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${GLID_CCACHE})
endif()

foreach(linker mold lld)
  find_program(GLID_LINKER_${linker} NAMES ${linker} ld.${linker})
  if(GLID_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()

# clang-tidy and clang cannot read GCC's precompiled header; -fpch-preprocess lets ccache work with it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_CLANG_TIDY)
  set(GLID_PCH ON)
endif()

add_library(glid_options INTERFACE)
target_compile_options(glid_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-missing-field-initializers;$<$<BOOL:${GLID_PCH}>:-fpch-preprocess>>")
target_include_directories(glid_options INTERFACE "${PROJECT_SOURCE_DIR}/include")
if(GLID_SANITIZE)
  target_compile_options(glid_options INTERFACE -fsanitize=${GLID_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(glid_options INTERFACE -fsanitize=${GLID_SANITIZE})
endif()

# glid_layer(NAME [TORCH] SOURCES a.cpp ... [USES core ...] [PRIVATE_LIBRARIES lib ...])
# Makes glid_NAME (alias glid::NAME). TORCH layers see LibTorch; the others never do, and they alone
# are made with GLID_TORCH=OFF. Installed, glid::NAME is one of the two sets of find_package(glid): with LibTorch or without.
function(glid_layer name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;USES;PRIVATE_LIBRARIES" ${ARGN})
  if(ARG_TORCH AND NOT GLID_TORCH)
    return()
  endif()
  add_library(glid_${name} STATIC ${ARG_SOURCES})
  add_library(glid::${name} ALIAS glid_${name})
  target_link_libraries(glid_${name} PUBLIC $<BUILD_INTERFACE:glid_options> PRIVATE ${ARG_PRIVATE_LIBRARIES})
  target_compile_features(glid_${name} PUBLIC cxx_std_20)
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(glid_${name} PUBLIC glid_${used})
  endforeach()
  if(ARG_TORCH)
    set(set_of_targets glid_torch)
    target_link_libraries(glid_${name} PUBLIC torch::cpu)
    glid_use_pch(glid_${name} pch)
  else()
    set(set_of_targets glid_plain)
    glid_use_pch(glid_${name} plain_pch)
  endif()
  set_target_properties(glid_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS glid_${name} EXPORT ${set_of_targets} ARCHIVE DESTINATION lib INCLUDES DESTINATION include)
endfunction()

# glid_program(NAME [TORCH] [CUDA] [HIDDEN] USES layer ...): the executable bin/NAME of tools/NAME.cpp, without the precompiled header
# (mains are tiny). Its target is program_NAME, because layers are called glid_data, glid_train, ... too. Installed, a program with
# LibTorch lies in lib/glid, and bin/NAME is the script that finds LibTorch for it. One for CUDA is made everywhere, but installed only
# with CUDA. HIDDEN: nobody calls it by hand, so it has no man page and no completion.
function(glid_program name)
  cmake_parse_arguments(ARG "TORCH;CUDA;HIDDEN" "" "USES" ${ARGN})
  if(ARG_TORCH AND NOT GLID_TORCH)
    return()
  endif()
  add_executable(program_${name} ${name}.cpp)
  set_target_properties(program_${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(program_${name} PRIVATE glid_command_line)
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(program_${name} PRIVATE glid_${used})
  endforeach()
  if(ARG_CUDA AND NOT GLID_CUDA)
    return()
  endif()
  if(NOT ARG_HIDDEN)
    set_property(GLOBAL APPEND PROPERTY GLID_PROGRAMS ${name})
  endif()
  if(ARG_TORCH)
    set_target_properties(program_${name} PROPERTIES INSTALL_RPATH "$ORIGIN")
    install(TARGETS program_${name} RUNTIME_DEPENDENCY_SET glid_libraries RUNTIME DESTINATION lib/glid)
    install(PROGRAMS "${CMAKE_BINARY_DIR}/start_with_libtorch.sh" DESTINATION bin RENAME ${name})
  else()
    set_target_properties(program_${name} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/glid")
    install(TARGETS program_${name} RUNTIME_DEPENDENCY_SET glid_libraries RUNTIME DESTINATION bin)
  endif()
endfunction()

# glid_test(NAME [TORCH] SOURCES a_test.cpp ... USES layer ... [LABELS unit]): one binary for a layer, its cases found by CTest.
function(glid_test name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;USES;LABELS;PRIVATE_LIBRARIES" ${ARGN})
  if(ARG_TORCH AND NOT GLID_TORCH)
    return()
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE glid_options glid_test_support GTest::gmock GTest::gtest_main ${ARG_PRIVATE_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(test_${name} PRIVATE glid_${used})
  endforeach()
  if(ARG_TORCH)
    target_link_libraries(test_${name} PRIVATE torch::cpu)
    glid_use_pch(test_${name} pch)
  else()
    glid_use_pch(test_${name} plain_pch)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  # Several tests run at a time: one thread each, or they wait for each other. A hanging one ends; one that learns (half a minute
  # alone) also passes on a machine that is busy with other things.
  gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 900 ENVIRONMENT OMP_NUM_THREADS=1)
endfunction()

# The precompiled headers, cmake/<name>.h: `pch` of all targets that see LibTorch, `plain_pch` of the others. Made once, by the target
# glid_<name>, and reused. GCC takes one only where it would generate code in the same way, so executables are compiled with -fPIC as the
# libraries are, not with CMake's -fPIE.
function(glid_make_pch name)
  add_library(glid_${name} OBJECT "${PROJECT_SOURCE_DIR}/cmake/pch.cpp")
  target_link_libraries(glid_${name} PRIVATE glid_options ${ARGN})
  if(GLID_PCH)
    target_precompile_headers(glid_${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/${name}.h")
  endif()
endfunction()

function(glid_use_pch target name)
  if(GLID_PCH)
    target_precompile_headers(${target} REUSE_FROM glid_${name})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_compile_options(${target} PRIVATE -fPIC)
    endif()
  endif()
endfunction()
