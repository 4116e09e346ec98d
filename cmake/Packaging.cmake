# What beside the program is installed, and the Debian packages:  cd build/release && cpack -G DEB
#
#   kseek        the program, /etc/kseek/kseek.toml, systemd unit, completion, manual page, documents, dashboard and alerts
#   libkseek0.1  the library to embed
#   libkseek-dev its header, CMake package and pkg-config file
#
# With `cmake --install --prefix DIR` all of it goes below DIR, DIR/etc too; in a package etc is the system's.

set(made ${PROJECT_BINARY_DIR}/packaging)
file(MAKE_DIRECTORY ${made})
set(source ${PROJECT_SOURCE_DIR}/packaging)

# What the program itself writes: its settings, the shells' scripts, the manual page.
add_custom_command(
  OUTPUT ${made}/kseek.toml ${made}/kseek.bash ${made}/_kseek ${made}/kseek.fish ${made}/kseek.1.gz
  COMMAND kseek config > ${made}/kseek.toml.new
  COMMAND sed "s|^#data_dir = .*|data_dir = \"/var/lib/kseek\"|" ${made}/kseek.toml.new > ${made}/kseek.toml
  COMMAND kseek completion bash > ${made}/kseek.bash
  COMMAND kseek completion zsh > ${made}/_kseek
  COMMAND kseek completion fish > ${made}/kseek.fish
  COMMAND kseek man > ${made}/kseek.1
  COMMAND gzip -9 -n -k -f ${made}/kseek.1
  DEPENDS kseek
  COMMENT "Writing kseek.toml, the completions and the manual page"
  VERBATIM)
add_custom_command(
  OUTPUT ${made}/changelog.gz ${made}/changelog.Debian.gz
  COMMAND gzip -9 -n -c ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${made}/changelog.gz
  COMMAND gzip -9 -n -c ${source}/debian/changelog > ${made}/changelog.Debian.gz
  DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${source}/debian/changelog
  VERBATIM)
add_custom_target(package_files ALL DEPENDS ${made}/kseek.toml ${made}/kseek.bash ${made}/_kseek ${made}/kseek.fish
                                            ${made}/kseek.1.gz ${made}/changelog.gz)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME kseek)
install(FILES ${made}/kseek.toml DESTINATION etc/kseek)
install(FILES ${source}/systemd/kseek.service DESTINATION lib/systemd/system)
install(FILES ${made}/kseek.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME kseek)
install(FILES ${made}/_kseek DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${made}/kseek.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${made}/kseek.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/ARCHITECTURE.md ${PROJECT_SOURCE_DIR}/LICENSE
              ${made}/changelog.gz ${made}/changelog.Debian.gz ${source}/debian/copyright
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")
install(FILES ${source}/prometheus/alerts.yml DESTINATION ${CMAKE_INSTALL_DOCDIR}/prometheus)
install(FILES ${source}/grafana/kseek.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/grafana)
foreach(package libkseek libkseek-dev)
  set(name ${package})
  if(package STREQUAL "libkseek")
    set(name libkseek${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  endif()
  install(FILES ${source}/debian/copyright ${made}/changelog.gz ${made}/changelog.Debian.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${package})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kseek)
set(CPACK_PACKAGE_VENDOR kseek)
set(CPACK_PACKAGE_CONTACT "The kseek authors <kseek@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL kseek libkseek libkseek-dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageEtc.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(CPACK_DEBIAN_KSEEK_PACKAGE_NAME kseek)
set(CPACK_DEBIAN_KSEEK_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_KSEEK_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_KSEEK_PACKAGE_CONTROL_EXTRA ${source}/debian/postinst ${source}/debian/prerm ${source}/debian/postrm
                                             ${source}/debian/conffiles)
set(CPACK_COMPONENT_KSEEK_DESCRIPTION
  "finds any message in Kafka
kseek tails the Kafka topics that are opened for search, keeps their messages
for as long as Kafka keeps them, and answers which message it was: by
partition, offset, time, key and value (words, phrases, wildcards, fields of
JSON, regular expressions), newest first, in milliseconds.
.
One program: server with a web page, HTTP interface, and command line.")

set(CPACK_DEBIAN_LIBKSEEK_PACKAGE_NAME libkseek${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_LIBKSEEK_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBKSEEK_PACKAGE_CONTROL_EXTRA ${source}/debian/triggers)
set(CPACK_COMPONENT_LIBKSEEK_DESCRIPTION
  "library that finds any message in Kafka
kseek's engine, for programs that tail and search Kafka topics themselves, or
read a directory that a kseek server owns.")

set(CPACK_DEBIAN_LIBKSEEK-DEV_PACKAGE_NAME libkseek-dev)
set(CPACK_DEBIAN_LIBKSEEK-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBKSEEK-DEV_PACKAGE_DEPENDS "${CPACK_DEBIAN_LIBKSEEK_PACKAGE_NAME} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_COMPONENT_LIBKSEEK-DEV_DESCRIPTION
  "header and build files of libkseek
kseek/kseek.h, a CMake package and a pkg-config file.")
include(CPack)
