# The OpenVINO runtime from its wheel in .venv, which brings its own CMake configuration. Sets
# OpenVinoWheel_FOUND; makes openvino::runtime. Not found when the wheel is not there: it is an optional
# component (`tools/setup.sh openvino`).
file(GLOB openvino_cmake CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/openvino/cmake")
set(OpenVinoWheel_FOUND FALSE)
if(openvino_cmake)
  # The wheel defines _GLIBCXX_USE_CXX11_ABI=1, g++'s default, for the whole folder: that would only make
  # every precompiled header another one.
  get_directory_property(definitions_before COMPILE_DEFINITIONS)
  find_package(OpenVINO QUIET COMPONENTS Runtime PATHS ${openvino_cmake} NO_DEFAULT_PATH)
  set_directory_properties(PROPERTIES COMPILE_DEFINITIONS "${definitions_before}")
  if(OpenVINO_FOUND)
    set_target_properties(openvino::runtime PROPERTIES INTERFACE_COMPILE_DEFINITIONS "")
    set(OpenVinoWheel_FOUND TRUE)
  endif()
endif()
