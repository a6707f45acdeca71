# SPDX-License-Identifier: EUPL-1.2
#
# One table of lies, told to a core in virtual time and to a tocsind over TCP.

toc_rooms_built(evil_built core seal log)
if(NOT evil_built)
  return()
endif()
set(evil_files evil.c invite.c lies_body.c lies_flood.c lies_group.c lies_link.c lies_log.c
  lies_piece.c lies_tell.c tables.c truths.c)
list(TRANSFORM evil_files PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
add_library(evil_lies STATIC ${evil_files})
target_include_directories(evil_lies PUBLIC ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_SOURCE_DIR}/tests/lib)
target_compile_definitions(evil_lies PRIVATE _GNU_SOURCE)
target_link_libraries(evil_lies PUBLIC toc_core toc_seal toc_log PRIVATE toc_flags)

add_executable(evil_core ${CMAKE_CURRENT_LIST_DIR}/core.c)
target_compile_definitions(evil_core PRIVATE _GNU_SOURCE)
target_link_libraries(evil_core PRIVATE toc_flags evil_lies cmocka)
set_target_properties(evil_core PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME evil_core COMMAND evil_core)
toc_case(evil_core "unit;pure" 900)

# The positive control: the same with a signature check that lets everything pass. It must fail.
add_executable(evil_control ${CMAKE_CURRENT_LIST_DIR}/core.c ${CMAKE_CURRENT_LIST_DIR}/control.c)
target_compile_definitions(evil_control PRIVATE _GNU_SOURCE)
target_link_libraries(evil_control PRIVATE toc_flags evil_lies cmocka)
target_link_options(evil_control PRIVATE -Wl,--wrap=toc_verify)
set_target_properties(evil_control PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME evil_control
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/control.py $<TARGET_FILE:evil_control>)
toc_case(evil_control unit 60)

toc_rooms_built(evil_built api ops)
if(evil_built)
  add_executable(evil ${CMAKE_CURRENT_LIST_DIR}/wire.c ${CMAKE_CURRENT_LIST_DIR}/victim.c)
  target_compile_definitions(evil PRIVATE _GNU_SOURCE)
  target_link_libraries(evil PRIVATE toc_flags evil_lies toc_api toc_ops sodium)
  set_target_properties(evil PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
