# Run by a build step: writes a C++ source that holds files, plain and gzipped (server/page_files.h says as what), and the
# function NAME that gives them.
#   cmake -DOUT=page_files.cc -DNAME=page_files -DDIR=server/page "-DFILES=index.html;app.js" -P embed_files.cmake
set(arrays "")
set(entries "")
set(number 0)

function(bytes_of path result)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  set(${result} "${hex}" PARENT_SCOPE)
endfunction()

foreach(file IN LISTS FILES)
  set(source ${DIR}/${file})
  set(zipped ${OUT}.gz)
  execute_process(COMMAND gzip -9 -n -c ${source} OUTPUT_FILE ${zipped} COMMAND_ERROR_IS_FATAL ANY)
  bytes_of(${source} plain)
  bytes_of(${zipped} gzip)
  file(SHA256 ${source} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  get_filename_component(extension ${file} LAST_EXT)
  if(extension STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(extension STREQUAL ".json")
    set(type "application/json")
  elseif(extension STREQUAL ".svg")
    set(type "image/svg+xml")
  else()
    message(FATAL_ERROR "${file}: which content type is ${extension}?")
  endif()
  string(APPEND arrays "constexpr unsigned char kPlain${number}[] = {\n${plain}};\n"
         "constexpr unsigned char kGzip${number}[] = {\n${gzip}};\n")
  string(APPEND entries "    {\"${file}\", \"${type}\", \"${hash}\", bytes(kPlain${number}), bytes(kGzip${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE ${OUT}.gz)

file(WRITE ${OUT} "// Written by embed_files.cmake: don't change it here.
#include \"server/page_files.h\"

#include <array>

namespace kseek::server {
namespace {

template <size_t N>
std::string_view bytes(const unsigned char (&array)[N]) {
  return {reinterpret_cast<const char*>(array), N};
}

${arrays}
}  // namespace

std::span<const PageFile> ${NAME}() {
  static const std::array<PageFile, ${number}> files{{
${entries}  }};
  return files;
}

}  // namespace kseek::server
")
