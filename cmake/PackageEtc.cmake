# Run by CPack before it packs: what was installed below /usr/etc belongs below /etc.
file(GLOB trees ${CPACK_TEMPORARY_INSTALL_DIRECTORY} ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*)
foreach(tree ${trees})
  if(IS_DIRECTORY ${tree}/usr/etc)
    file(RENAME ${tree}/usr/etc ${tree}/etc)
  endif()
endforeach()
