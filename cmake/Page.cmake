# The page (web/) as it was built, put into the library of gateway/page: tools/web.py builds it with
# Node, tools/pack_web.py makes one object of its files.
set(page_packed "${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp")
if(FLYWHEEL_PAGE)
  set(page_files "${CMAKE_CURRENT_BINARY_DIR}/page")
  file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/web/src/*" "${PROJECT_SOURCE_DIR}/web/public/*")
  set(page_stamp "${CMAKE_CURRENT_BINARY_DIR}/page.stamp")
  add_custom_command(OUTPUT "${page_stamp}"
    COMMAND python3 "${PROJECT_SOURCE_DIR}/tools/web.py" build --out "${page_files}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${page_stamp}"
    DEPENDS ${page_sources} "${PROJECT_SOURCE_DIR}/tools/web.py"
      "${PROJECT_SOURCE_DIR}/web/index.html" "${PROJECT_SOURCE_DIR}/web/package-lock.json" "${PROJECT_SOURCE_DIR}/web/vite.config.ts"
    COMMENT "Building the page" VERBATIM)
else()
  set(page_files "${PROJECT_SOURCE_DIR}/web/bare")
  set(page_stamp "${page_files}/index.html")
endif()
add_custom_command(OUTPUT "${page_packed}"
  COMMAND python3 "${PROJECT_SOURCE_DIR}/tools/pack_web.py" "${page_files}" "${page_packed}"
  DEPENDS "${page_stamp}" "${PROJECT_SOURCE_DIR}/tools/pack_web.py"
  COMMENT "Packing the page" VERBATIM)
target_sources(fw_gateway_page PRIVATE "${page_packed}")
set_source_files_properties("${page_packed}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
