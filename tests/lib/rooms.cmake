# SPDX-License-Identifier: EUPL-1.2
#
# How rooms, programs and tests are built. The root CMakeLists.txt says which rooms exist and what
# they use; this file knows the flags.

find_package(Threads REQUIRED)

# Sanitizer and fuzzing builds replace the hardening that would hide what they look for.
set(TOC_SANITIZED OFF)
if(TOC_ASAN OR TOC_TSAN OR TOC_FUZZ)
  set(TOC_SANITIZED ON)
endif()
if(TOC_TSAN AND (TOC_ASAN OR TOC_FUZZ))
  message(FATAL_ERROR "TOC_TSAN excludes TOC_ASAN and TOC_FUZZ: configure two build folders")
endif()
if(TOC_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "TOC_FUZZ needs libFuzzer: configure with -DCMAKE_C_COMPILER=clang-14")
endif()

# Assertions stay in every build, so Release carries no NDEBUG.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
if(TOC_SANITIZED)
  set(CMAKE_C_FLAGS_RELEASE "-O1 -g")
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
endif()

# ---- flags of everything that is compiled here -------------------------------------------------
add_library(toc_flags INTERFACE)
target_compile_options(toc_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wswitch-enum -Wformat=2 -Werror
  -fno-strict-overflow -fno-common -fPIE
  # The same source gives the same bytes wherever it lies.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
# A program loads only the libraries that it calls: each costs the command line a part of its 10 ms.
target_link_options(toc_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
target_compile_definitions(toc_flags INTERFACE TOC_PROGRAM_VERSION="${PROJECT_VERSION}")
target_link_libraries(toc_flags INTERFACE Threads::Threads)

if(TOC_SANITIZED)
  target_compile_options(toc_flags INTERFACE -fno-omit-frame-pointer)
else()
  target_compile_options(toc_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection
    # In Debug too (-Og optimises enough): glibc's unused-result warnings come with it.
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(toc_flags INTERFACE -fcf-protection=full)
  endif()
endif()
if(TOC_ASAN OR TOC_FUZZ)
  target_compile_options(toc_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(toc_flags INTERFACE -fsanitize=address,undefined)
endif()
if(TOC_FUZZ)
  target_compile_options(toc_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TOC_TSAN)
  target_compile_options(toc_flags INTERFACE -fsanitize=thread)
  target_link_options(toc_flags INTERFACE -fsanitize=thread)
endif()
if(TOC_CONTROL_ACK_EARLY)
  target_compile_definitions(toc_flags INTERFACE TOC_CONTROL_ACK_EARLY)
endif()

# Every room's name in the order of the house, for the boundary test.
set_property(GLOBAL PROPERTY TOC_ROOMS "")

# toc_room(PATH [USES rooms...] [LIBS libs...])
# One static library toc_<name> from the files that <PATH>/room.cmake lists in ROOM_FILES. A room
# without room.cmake is an empty interface, so that the tree configures while a room is being built.
function(toc_room path)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "USES;LIBS")
  get_filename_component(name ${path} NAME)
  set(target toc_${name})
  set(uses ${ROOM_USES})
  list(TRANSFORM uses PREPEND toc_)
  foreach(use IN LISTS uses)
    if(NOT TARGET ${use})
      message(FATAL_ERROR "${path} uses ${use}, which no line above declares")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TOC_ROOMS ${name})
  set_property(GLOBAL PROPERTY TOC_ROOM_PATH_${name} ${path})
  set_property(GLOBAL PROPERTY TOC_ROOM_USES_${name} "${ROOM_USES}")
  set_property(GLOBAL PROPERTY TOC_ROOM_BUILT_${name} OFF)

  # The glob makes the build notice a room.cmake that appears later.
  file(GLOB list CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/room.cmake)
  set(ROOM_FILES "")
  if(list)
    include(${list})
  endif()
  set(files "")
  set(sources "")
  foreach(file IN LISTS ROOM_FILES)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/${file})
    if(NOT found)
      message(WARNING "${path}/room.cmake lists ${file}, which does not exist")
    endif()
    list(APPEND files ${found})
    if(found MATCHES "\\.c$")
      list(APPEND sources ${found})
    endif()
  endforeach()

  if(NOT sources)
    message(STATUS "room ${path}: no sources")
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/${path})
    target_link_libraries(${target} INTERFACE ${uses} ${ROOM_LIBS})
    return()
  endif()
  set_property(GLOBAL PROPERTY TOC_ROOM_BUILT_${name} ON)
  add_library(${target} STATIC ${files})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/${path})
  target_link_libraries(${target} PUBLIC ${uses} ${ROOM_LIBS} PRIVATE toc_flags)
  # Only node talks to the operating system; crypto and proto are plain C17.
  if(path MATCHES "^node/")
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  endif()
endfunction()

# toc_program(NAME USES rooms... SOURCES files...)
# One executable in <build>/bin, skipped while its first source does not exist.
function(toc_program name)
  cmake_parse_arguments(PARSE_ARGV 1 PROGRAM "" "" "USES;SOURCES")
  list(GET PROGRAM_SOURCES 0 first)
  file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${first})
  if(NOT found)
    message(STATUS "program ${name}: no ${first}")
    return()
  endif()
  list(TRANSFORM PROGRAM_USES PREPEND toc_)
  add_executable(${name} ${PROGRAM_SOURCES})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${name} PRIVATE toc_flags ${PROGRAM_USES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set_property(GLOBAL APPEND PROPERTY TOC_PROGRAMS ${name})
endfunction()

# Reads the words of the line "/* WORD: a b c */" or "# WORD: a b c" near the head of a file.
function(toc_head_words file word out)
  file(STRINGS ${file} lines LIMIT_COUNT 8 REGEX "^(/\\*|#) ${word}:")
  set(words "")
  if(lines)
    list(GET lines 0 line)
    string(REGEX REPLACE "^(/\\*|#) ${word}:" "" line "${line}")
    string(REGEX REPLACE "\\*/.*$" "" line "${line}")
    string(REPLACE "," " " line "${line}")
    separate_arguments(words UNIX_COMMAND "${line}")
  endif()
  set(${out} ${words} PARENT_SCOPE)
  # A changed line must reach the build without a manual configure.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

# Tells in `out` whether all the rooms exist and have sources.
function(toc_rooms_built out)
  set(all ON)
  foreach(room IN LISTS ARGN)
    get_property(built GLOBAL PROPERTY TOC_ROOM_BUILT_${room})
    if(NOT built)
      set(all OFF)
    endif()
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()
