#include "klamm/registry/registry.h"

namespace klamm::registry {

bool is_registry_path(std::string_view path) {
    for (auto const* prefix : {"/schemas", "/subjects", "/config", "/mode", "/compatibility",
                               "/contexts", "/v1/metadata"})
        if (path.starts_with(prefix)) return true;
    return false;
}

bool may_change(HttpRequest const& request) {
    return request.method == "POST" || request.method == "PUT" || request.method == "DELETE";
}

Answer answer(State const&, HttpRequest const&, World const&) {
    return {
        .response = {.status = 404, .body = R"({"error_code":404,"message":"HTTP 404 Not Found"})"},
        .changes = {}};
}

}  // namespace klamm::registry
