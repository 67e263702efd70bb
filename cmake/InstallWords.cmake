# What programs say of themselves, for shells and for man, asked of the programs when they are installed (a file of install(SCRIPT)).
# Takes glid_words_bin (the folder of the programs), glid_words_programs and glid_help2man, which may be empty.
set(work "${glid_words_bin}/../words")
foreach(program IN LISTS glid_words_programs)
  foreach(shell_file IN ITEMS "bash;bash-completion/completions/${program}" "zsh;zsh/site-functions/_${program}")
    list(POP_FRONT shell_file shell)
    get_filename_component(folder "${shell_file}" DIRECTORY)
    file(MAKE_DIRECTORY "${work}/${folder}")
    execute_process(COMMAND "${glid_words_bin}/${program}" --completion-${shell} OUTPUT_FILE "${work}/${shell_file}" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL "${work}/${shell_file}" DESTINATION "${CMAKE_INSTALL_PREFIX}/share/${folder}")
  endforeach()
  file(MAKE_DIRECTORY "${work}/help")
  execute_process(COMMAND "${glid_words_bin}/${program}" --help OUTPUT_FILE "${work}/help/${program}.txt" COMMAND_ERROR_IS_FATAL ANY)
  file(INSTALL "${work}/help/${program}.txt" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/glid/help")  # for a machine without LibTorch
  if(glid_help2man)
    file(MAKE_DIRECTORY "${work}/man1")
    file(READ "${work}/help/${program}.txt" help)
    string(REGEX MATCH "^[^\n]*" title "${help}")
    execute_process(COMMAND "${glid_help2man}" --no-info --section=1 "--name=${title}" --output=${work}/man1/${program}.1 "${glid_words_bin}/${program}"
                    COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL "${work}/man1/${program}.1" DESTINATION "${CMAKE_INSTALL_PREFIX}/share/man/man1")
  endif()
endforeach()
