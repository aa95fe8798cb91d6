// registry/refusals.h - every error of the registry's own, with Confluent's code and text.
//
// Clients look at the status and the code, people and tests of other tools at the text.
#pragma once

#include "klamm/registry/http.h"

namespace klamm::registry {

inline Refused not_found() { return Refused({.code = 404, .message = "HTTP 404 Not Found"}); }
inline Refused subject_not_found(std::string const& subject) {
    return Refused({.code = 40401, .message = "Subject '" + subject + "' not found."});
}
inline Refused version_not_found(std::int32_t version) {
    return Refused(
        {.code = 40402, .message = "Version " + std::to_string(version) + " not found."});
}
inline Refused schema_not_found() {
    return Refused({.code = 40403, .message = "Schema not found"});
}
inline Refused schema_not_found(std::string const& which) {
    return Refused({.code = 40403, .message = "Schema " + which + " not found"});
}
inline Refused subject_soft_deleted(std::string const& subject) {
    return Refused({.code = 40404,
                    .message = "Subject '" + subject +
                               "' was soft deleted.Set permanent=true to delete permanently"});
}
inline Refused subject_not_soft_deleted(std::string const& subject) {
    return Refused({.code = 40405,
                    .message = "Subject '" + subject +
                               "' was not deleted first before being permanently deleted"});
}
inline Refused version_soft_deleted(std::string const& subject, std::int32_t version) {
    return Refused({.code = 40406,
                    .message = "Subject '" + subject + "' Version " + std::to_string(version) +
                               " was soft deleted.Set permanent=true to delete permanently"});
}
inline Refused version_not_soft_deleted(std::string const& subject, std::int32_t version) {
    return Refused({.code = 40407,
                    .message = "Subject '" + subject + "' Version " + std::to_string(version) +
                               " was not deleted first before being permanently deleted"});
}
inline Refused no_subject_level(std::string const& subject) {
    return Refused({.code = 40408,
                    .message = "Subject '" + subject +
                               "' does not have subject-level compatibility configured"});
}
inline Refused no_subject_mode(std::string const& subject) {
    return Refused(
        {.code = 40409,
         .message = "Subject '" + subject + "' does not have subject-level mode configured"});
}
/// 409 is what all clients understand; later versions of Confluent's registry say 40901 here.
inline Refused incompatible(std::string const& subject, std::string const& details) {
    return Refused({.code = 409,
                    .message = "Schema being registered is incompatible with an earlier schema "
                               "for subject \"" +
                               subject + "\", details: " + details});
}
inline Refused invalid_schema(std::string message) {
    return Refused({.code = 42201, .message = std::move(message)});
}
inline Refused invalid_schema(std::string_view type, std::string const& why) {
    return invalid_schema("Invalid schema of type " + std::string(type) + ", details: " + why);
}
inline Refused invalid_version(std::string const& version) {
    return Refused({.code = 42202,
                    .message = "The specified version '" + version +
                               "' is not a valid version id. Allowed values are between [1, "
                               "2^31-1] and the string \"latest\""});
}
inline Refused invalid_level() {
    return Refused({.code = 42203,
                    .message = "Invalid compatibility level. Valid values are none, backward, "
                               "forward, full, backward_transitive, forward_transitive, and "
                               "full_transitive"});
}
inline Refused invalid_mode() {
    return Refused({.code = 42204,
                    .message = "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and "
                               "FORWARD."});
}
inline Refused not_permitted(std::string message) {
    return Refused({.code = 42205, .message = std::move(message)});
}
inline Refused reference_exists(std::string const& subject, std::int32_t version) {
    return Refused({.code = 42206,
                    .message = "One or more references exist to the schema {magic=1,keytype=SCHEMA,"
                               "subject=" +
                               subject + ",version=" + std::to_string(version) + "}."});
}
inline Refused invalid_subject(std::string const& subject) {
    return Refused(
        {.code = 42208, .message = "The specified subject '" + subject + "' is not a valid."});
}
inline Refused schema_too_large() {
    return Refused(
        {.code = 42209, .message = "Register operation failed because schema is too large"});
}
inline Refused invalid_rule_set(std::string message) {
    return Refused({.code = 42210, .message = std::move(message)});
}
inline Refused context_not_empty(std::string const& context) {
    return Refused(
        {.code = 42211, .message = "The specified context '" + context + "' is not empty."});
}
/// A member of the body that is not what it has to be.
inline Refused unprocessable(std::string message) {
    return Refused({.code = 422, .message = std::move(message)});
}

}  // namespace klamm::registry
