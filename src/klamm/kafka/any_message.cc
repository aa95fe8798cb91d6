#include "klamm/kafka/apis.h"

namespace klamm::kafka {

AnyRequest::AnyRequest() noexcept = default;
AnyRequest::AnyRequest(AnyRequest const& other) = default;
AnyRequest::AnyRequest(AnyRequest&& other) noexcept = default;
AnyRequest& AnyRequest::operator=(AnyRequest const& other) = default;
AnyRequest& AnyRequest::operator=(AnyRequest&& other) noexcept = default;
AnyRequest::~AnyRequest() = default;

AnyResponse::AnyResponse() noexcept = default;
AnyResponse::AnyResponse(AnyResponse const& other) = default;
AnyResponse::AnyResponse(AnyResponse&& other) noexcept = default;
AnyResponse& AnyResponse::operator=(AnyResponse const& other) = default;
AnyResponse& AnyResponse::operator=(AnyResponse&& other) noexcept = default;
AnyResponse::~AnyResponse() = default;

}  // namespace klamm::kafka
