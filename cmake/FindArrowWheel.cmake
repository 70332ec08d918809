# Arrow and Parquet C++ from the pyarrow wheel in .venv: the wheel ships headers and shared libraries
# but no CMake configuration. Makes arrowwheel::arrow and arrowwheel::parquet.
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
foreach(name IN ITEMS arrow parquet)
  file(GLOB library "${arrow_libraries}/lib${name}.so.*")
  list(LENGTH library found)
  if(NOT found EQUAL 1)
    message(FATAL_ERROR "Expected one lib${name}.so.* in ${arrow_libraries}, found ${found}.")
  endif()
  add_library(arrowwheel::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(arrowwheel::${name} PROPERTIES
    IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${arrow_include}")
endforeach()
set_property(TARGET arrowwheel::parquet APPEND PROPERTY INTERFACE_LINK_LIBRARIES arrowwheel::arrow)
