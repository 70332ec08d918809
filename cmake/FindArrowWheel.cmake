# Arrow and Parquet C++ from the pyarrow wheel in .venv: the wheel ships headers and shared libraries
# but no CMake configuration. Makes arrowwheel::arrow and arrowwheel::parquet.
#
# libparquet holds an OpenSSL of its own and exports it: 1,175 names. Whoever links it takes those names
# from the library that stands first, so the system's libcrypto must, or keys would be hashed by the
# wheel's OpenSSL and libssl would run on a mixture of both.
set(venv_python "${PROJECT_SOURCE_DIR}/.venv/bin/python")
execute_process(
  COMMAND "${venv_python}" -c "import pyarrow; print(pyarrow.get_include()); print(pyarrow.get_library_dirs()[0])"
  OUTPUT_VARIABLE arrow_places RESULT_VARIABLE arrow_failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(arrow_failed)
  message(FATAL_ERROR "pyarrow is not in .venv. Run `make setup` first.")
endif()
string(REPLACE "\n" ";" arrow_places "${arrow_places}")
list(GET arrow_places 0 arrow_include)
list(GET arrow_places 1 arrow_libraries)
foreach(name IN ITEMS arrow parquet_file)
  string(REPLACE "_file" "" file ${name})
  file(GLOB library "${arrow_libraries}/lib${file}.so.*")
  list(LENGTH library found)
  if(NOT found EQUAL 1)
    message(FATAL_ERROR "Expected one lib${file}.so.* in ${arrow_libraries}, found ${found}.")
  endif()
  add_library(arrowwheel::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(arrowwheel::${name} PROPERTIES
    IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${arrow_include}")
endforeach()
add_library(arrowwheel::parquet INTERFACE IMPORTED GLOBAL)
set_target_properties(arrowwheel::parquet PROPERTIES
  INTERFACE_LINK_OPTIONS "${OPENSSL_CRYPTO_LIBRARY}" # options stand before all libraries
  INTERFACE_LINK_LIBRARIES "arrowwheel::parquet_file;arrowwheel::arrow")
