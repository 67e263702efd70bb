# cmake -DSOURCE=FOLDER -DOUTPUT=commit.cpp -P commit.cmake: writes the function that tells which sources these are. It runs in every
# build, for a commit or an edit changes nothing that CMake looks at; the file is written anew only where the answer is another.
execute_process(COMMAND git -C "${SOURCE}" rev-parse --show-prefix
                OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE git_rc ERROR_QUIET)
set(commit "")
if(git_rc EQUAL 0 AND folder STREQUAL "")  # in the middle of somebody else's repository it would be that one's commit
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env GIT_OPTIONAL_LOCKS=0
                          git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(commit STREQUAL "")
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
#include "glid/core/environment.h"

std::string glid::commit() { return "@commit@"; }
]])
