# SPDX-License-Identifier: EUPL-1.2
#
# The simulator: one program. crypto.c and message.c wrap the functions named below.

toc_rooms_built(sim_built core store seal)
if(sim_built)
  file(GLOB sim_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/sim/*.c)
  add_executable(sim ${sim_files})
  target_compile_definitions(sim PRIVATE _GNU_SOURCE)
  target_compile_options(sim PRIVATE -O3)
  target_link_libraries(sim PRIVATE toc_flags toc_core toc_store toc_seal m)
  foreach(name toc_raw_sign toc_raw_verify toc_raw_dh toc_raw_dh_public toc_raw_hash_init
      toc_raw_hash_add toc_raw_hash_final toc_raw_seal toc_raw_open toc_peer_queue toc_peer_send)
    target_link_options(sim PRIVATE -Wl,--wrap=${name})
  endforeach()
  set_target_properties(sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_dependencies(benches sim)
endif()

# Same seed, same trace: each scenario runs twice. Each control must be noticed. What cannot be done
# is refused with a reason.
if(sim_built)
  set(seeds 200)
  if(TOC_SANITIZED)
    set(seeds 10)
  elseif(TOC_FULL)
    set(seeds 10000)
  endif()
  add_test(NAME sim_scenarios COMMAND sim --scenario all)
  add_test(NAME sim_controls COMMAND sim --break all)
  add_test(NAME sim_seeds COMMAND sim --seeds ${seeds})
  add_test(NAME sim_seeds_store COMMAND sim --seeds 5 --first 1000 --nodes 5 --store lmdb)
  add_test(NAME sim_points_store COMMAND sim --scenario store-points --store lmdb)
  add_test(NAME sim_seeds_crypto COMMAND sim --seeds 2 --first 2000 --nodes 4 --real-crypto)
  add_test(NAME sim_arguments
    COMMAND ${CMAKE_SOURCE_DIR}/tests/sim/arguments.py $<TARGET_FILE:sim>)
  foreach(name arguments scenarios controls seeds seeds_store points_store seeds_crypto)
    toc_case(sim_${name} sim 900)
  endforeach()
endif()
