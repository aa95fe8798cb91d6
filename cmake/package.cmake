# What `cmake --install` installs: include/klamm, all layers below cli/ as one archive, what
# find_package(klamm) and pkg-config need, and the program.
#
# klamm::klamm is everything a handler needs, with tests and simulation; klamm::postgres is the outbox
# and the inbox, apart so that libpq is only loaded by who uses it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What the archive needs, by the names of pkg-config: for both kinds of users.
set(KLAMM_REQUIRES libisal libzstd liblz4 snappy zlib re2 protobuf libcrypto rdkafka fmt spdlog
    prometheus-cpp-core)
pkg_check_modules(KLAMM_REQUIRES REQUIRED IMPORTED_TARGET ${KLAMM_REQUIRES})

function(klamm_archive name output)
    set(objects)
    foreach(layer ${ARGN})
        get_target_property(type klamm_${layer} TYPE)
        if(type STREQUAL STATIC_LIBRARY)
            list(APPEND objects $<TARGET_OBJECTS:klamm_${layer}>)
        endif()
    endforeach()
    add_library(${name} STATIC ${objects})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${output} LINKER_LANGUAGE CXX
        ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/package)
    target_compile_features(${name} INTERFACE cxx_std_23)
    target_include_directories(${name} INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

klamm_archive(klamm_library klamm base kafka seams json schema registry records journal broker host
    sim bus handler kafka_bus remote simulate live)
set_target_properties(klamm_library PROPERTIES EXPORT_NAME klamm)
target_link_libraries(klamm_library INTERFACE PkgConfig::KLAMM_REQUIRES Threads::Threads)
klamm_archive(klamm_postgres_library klamm_postgres postgres)
set_target_properties(klamm_postgres_library PROPERTIES EXPORT_NAME postgres)
target_link_libraries(klamm_postgres_library INTERFACE klamm_library PkgConfig::LIBPQ)

install(TARGETS klamm_library klamm_postgres_library EXPORT klamm
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS klamm RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/klamm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/klamm)
install(EXPORT klamm NAMESPACE klamm:: FILE klamm-targets.cmake DESTINATION ${package})
configure_package_config_file(cmake/klamm-config.cmake.in klamm-config.cmake
    INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(klamm-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/klamm-config.cmake ${CMAKE_BINARY_DIR}/klamm-config-version.cmake
    DESTINATION ${package})

# Without what a debugger wants to know of our code: a sixth of the size, in every program, too.
find_program(KLAMM_STRIP strip REQUIRED)
install(CODE "
    file(GLOB archives \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libklamm*.a\")
    execute_process(COMMAND ${KLAMM_STRIP} --strip-debug \${archives} COMMAND_ERROR_IS_FATAL ANY)")

list(JOIN KLAMM_REQUIRES ", " KLAMM_PC_REQUIRES)
file(RELATIVE_PATH KLAMM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(file klamm klamm-postgres)
    configure_file(cmake/${file}.pc.in ${file}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${file}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
