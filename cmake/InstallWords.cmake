# What programs say of themselves, for shells, for man and for machines without LibTorch, asked of the programs when they are installed (a
# file of install(SCRIPT)). Takes glid_words_bin (the folder of the programs), glid_words_programs and glid_help2man, which may be empty.
cmake_policy(VERSION 3.25)
set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
foreach(folder IN ITEMS share/bash-completion/completions share/zsh/site-functions share/man/man1 lib/glid/help)
  file(MAKE_DIRECTORY "${prefix}/${folder}")
endforeach()
foreach(program IN LISTS glid_words_programs)
  set(help_file "${prefix}/lib/glid/help/${program}.txt")
  execute_process(COMMAND "${glid_words_bin}/${program}" --completion-bash
                  OUTPUT_FILE "${prefix}/share/bash-completion/completions/${program}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${glid_words_bin}/${program}" --completion-zsh
                  OUTPUT_FILE "${prefix}/share/zsh/site-functions/_${program}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${glid_words_bin}/${program}" --help OUTPUT_FILE "${help_file}" COMMAND_ERROR_IS_FATAL ANY)
  if(glid_help2man)
    file(READ "${help_file}" help)
    string(REGEX MATCH "^[^\n]*" title "${help}")
    execute_process(COMMAND "${glid_help2man}" --no-info --section=1 "--name=${title}" "--output=${prefix}/share/man/man1/${program}.1"
                            "${glid_words_bin}/${program}" COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
