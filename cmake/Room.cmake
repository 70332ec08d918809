# room(NAME [OPTIMISED_TESTS] USES ...): one line builds a room and its tests.
#
# NAME is a folder below src/. Its *.cpp become the library fw_<name>, its *_test.cpp one test program
# <name>_test, its *_bench.cpp one program <name>_bench (built on request), each *_fuzz.cpp a fuzzer of
# its name. USES names other rooms (folders below src/) or CMake targets; TEST_USES (adapters, mostly)
# are linked to its tests, benchmarks and fuzzers only. OPTIMISED_TESTS: `make test` runs its tests not
# only under the sanitizers but in the release too: arithmetic, and what threads share. FUZZED: of its
# files those that its fuzzers are about; none named, all. The ladder between rooms is checked by tools/tidy.py.
function(fw_target OUT NAME)
  string(REPLACE "/" "_" flat "${NAME}")
  set(${OUT} "fw_${flat}" PARENT_SCOPE)
endfunction()

# Rooms (folders below src/) become their targets, the rest stays.
function(fw_links OUT)
  set(links "")
  foreach(use IN LISTS ARGN)
    if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/src/${use}")
      fw_target(used ${use})
      list(APPEND links ${used})
    else()
      list(APPEND links ${use})
    endif()
  endforeach()
  set(${OUT} "${links}" PARENT_SCOPE)
endfunction()

# What every room includes, parsed once: a fifth of a clean build. Libraries' headers only, so that no
# change of ours touches it. The tidy preset goes without, so clang-tidy sees a missing #include.
function(fw_precompile_headers)
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/pch.cpp" CONTENT "")
  set(headers <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory>
    <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>
    <fmt/format.h> <nlohmann/json.hpp>)
  set(kinds fw_pch)
  if(FLYWHEEL_FUZZ)
    list(APPEND kinds fw_fuzz_pch) # clang wants the options of who uses it
  endif()
  foreach(kind IN LISTS kinds)
    add_library(${kind} STATIC "${CMAKE_CURRENT_BINARY_DIR}/pch.cpp")
    target_link_libraries(${kind} PRIVATE fmt::fmt nlohmann_json::nlohmann_json flywheel_warnings)
    target_precompile_headers(${kind} PRIVATE ${headers})
  endforeach()
  if(FLYWHEEL_FUZZ)
    target_compile_options(fw_fuzz_pch PRIVATE ${FW_FUZZ_OPTIONS})
  endif()
  if(FLYWHEEL_TESTS)
    add_executable(fw_test_pch "${CMAKE_CURRENT_BINARY_DIR}/pch.cpp") # not a library: g++ wants the same -fPIE
    target_link_libraries(fw_test_pch PRIVATE fw_testing fmt::fmt nlohmann_json::nlohmann_json flywheel_warnings)
    target_compile_options(fw_test_pch PRIVATE ${FW_TEST_OPTIONS})
    target_precompile_headers(fw_test_pch PRIVATE ${headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()

function(fw_reuse_headers TARGET FROM)
  if(TARGET ${FROM})
    target_precompile_headers(${TARGET} REUSE_FROM ${FROM})
  endif()
endfunction()

# Tests check, they do not race: their own sources are not optimised, the rooms they link are.
set(FW_TEST_OPTIONS -O0)
set(FW_FUZZ_OPTIONS -fsanitize=fuzzer-no-link -O1)

# Every room's test program and nothing else: what the sanitizers build.
add_custom_target(unit_tests)
# The programs and tests that `make test` runs in the release.
add_custom_target(release_tests)
# Every *_fuzz.cpp as a program of libFuzzer in build/<preset>/fuzz.
add_custom_target(fuzzers)

function(room NAME)
  cmake_parse_arguments(ROOM "OPTIMISED_TESTS" "" "USES;TEST_USES;FUZZED" ${ARGN})
  fw_target(target ${NAME})
  set(dir "${PROJECT_SOURCE_DIR}/src/${NAME}")
  file(GLOB sources CONFIGURE_DEPENDS "${dir}/*.cpp")
  file(GLOB tests CONFIGURE_DEPENDS "${dir}/*_test.cpp")
  file(GLOB benches CONFIGURE_DEPENDS "${dir}/*_bench.cpp")
  file(GLOB fuzzers CONFIGURE_DEPENDS "${dir}/*_fuzz.cpp")
  list(REMOVE_ITEM sources ${tests} ${benches} ${fuzzers} "${dir}/main.cpp")

  fw_links(links ${ROOM_USES})
  fw_links(test_links ${ROOM_TEST_USES})

  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC ${links} PRIVATE flywheel_warnings)
    if(fuzzers AND FLYWHEEL_FUZZ AND NOT ROOM_FUZZED)
      fw_reuse_headers(${target} fw_fuzz_pch)
    else()
      fw_reuse_headers(${target} fw_pch)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${FLYWHEEL_UNITY} UNITY_BUILD_BATCH_SIZE ${FLYWHEEL_UNITY_BATCH})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} INTERFACE ${links})
  endif()

  string(REPLACE "fw_" "" short ${target})
  if(tests AND FLYWHEEL_TESTS)
    add_executable(${short}_test ${tests})
    target_link_libraries(${short}_test PRIVATE ${target} ${test_links} fw_testing flywheel_warnings)
    target_compile_options(${short}_test PRIVATE ${FW_TEST_OPTIONS})
    fw_reuse_headers(${short}_test fw_test_pch)
    set_target_properties(${short}_test PROPERTIES UNITY_BUILD ${FLYWHEEL_UNITY} UNITY_BUILD_BATCH_SIZE ${FLYWHEEL_UNITY_BATCH})
    add_test(NAME ${short} COMMAND ${short}_test --gtest_brief=1)
    set_tests_properties(${short} PROPERTIES LABELS unit TIMEOUT 300)
    add_dependencies(unit_tests ${short}_test)
    if(ROOM_OPTIMISED_TESTS)
      set_tests_properties(${short} PROPERTIES LABELS "unit;optimised")
      add_dependencies(release_tests ${short}_test)
    endif()
  endif()
  if(benches AND FLYWHEEL_TESTS)
    add_executable(${short}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${short}_bench PRIVATE ${target} ${test_links} benchmark::benchmark flywheel_warnings)
    target_include_directories(${short}_bench PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  endif()
  if(fuzzers AND FLYWHEEL_FUZZ)
    # What the fuzzer may follow: its own room, not what the room uses; of a room that has much else,
    # the files that FUZZED names.
    if(ROOM_FUZZED)
      list(TRANSFORM ROOM_FUZZED PREPEND "${dir}/")
      set_source_files_properties(${ROOM_FUZZED} PROPERTIES COMPILE_OPTIONS "${FW_FUZZ_OPTIONS}" SKIP_PRECOMPILE_HEADERS ON
        SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      target_compile_options(${target} PRIVATE ${FW_FUZZ_OPTIONS})
    endif()
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(name ${fuzzer} NAME_WE)
      add_executable(${name} EXCLUDE_FROM_ALL ${fuzzer})
      target_link_libraries(${name} PRIVATE ${target} ${test_links} flywheel_warnings -fsanitize=fuzzer)
      target_compile_options(${name} PRIVATE ${FW_TEST_OPTIONS})
      fw_reuse_headers(${name} fw_test_pch)
      target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
      set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
      add_dependencies(fuzzers ${name})
    endforeach()
  endif()
endfunction()
