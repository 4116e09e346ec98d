# What every target shares: the language, warnings, sanitizers; and the functions that declare a folder's library,
# a folder's tests, a benchmark and a fuzzer.
include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(kseek_options INTERFACE)
target_compile_features(kseek_options INTERFACE cxx_std_20)
target_include_directories(kseek_options INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(kseek_options INTERFACE Threads::Threads)

add_library(kseek_warnings INTERFACE)
target_compile_options(kseek_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                                -Wcast-qual -Wunused -Woverloaded-virtual -Wextra-semi)
if(KSEEK_WERROR)
  target_compile_options(kseek_warnings INTERFACE -Werror)
endif()

if(KSEEK_SANITIZE)
  target_compile_options(kseek_options INTERFACE -fsanitize=${KSEEK_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
  target_link_options(kseek_options INTERFACE -fsanitize=${KSEEK_SANITIZE})
endif()
if(KSEEK_SANITIZE STREQUAL "thread")
  # Into each program: what it has to know about the system's libraries.
  foreach(source tsan_options.cc tsan_threads.cc)
    target_sources(kseek_options INTERFACE
                   $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${PROJECT_SOURCE_DIR}/tests/${source}>)
  endforeach()
endif()
if(KSEEK_FUZZ)
  target_compile_options(kseek_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# kseek_library(NAME SOURCES … [LINKS kseek libraries and public ones] [PRIVATE third-party targets])
function(kseek_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(kseek_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(kseek_${name} PUBLIC kseek_options ${ARG_LINKS} PRIVATE kseek_warnings ${ARG_PRIVATE})
  # They are linked into the shared library as well (embed/), which shows its own face only.
  set_target_properties(kseek_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                                                 VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# kseek_test(NAME SOURCES … [LINKS …] [PRIVATE …]): one executable a folder of tests, each TEST a ctest test.
function(kseek_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE kseek_options kseek_warnings kseek_source_dir ${ARG_LINKS} ${ARG_PRIVATE}
                                        GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()

# kseek_bench(NAME SOURCES … [LINKS …] [PRIVATE …]): a Google Benchmark program.
function(kseek_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE kseek_options kseek_warnings ${ARG_LINKS} ${ARG_PRIVATE} benchmark::benchmark)
endfunction()

# kseek_fuzzer(NAME SOURCES … [LINKS …]): a libFuzzer program, only in the fuzz preset.
function(kseek_fuzzer name)
  if(NOT KSEEK_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE kseek_options kseek_warnings ${ARG_LINKS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
