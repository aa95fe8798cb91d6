// order_saga/order_saga.h - an order that is stock, a payment and a decision, over several
// services.
//
//     shop's database ── outbox ──▶ outbox.event.order ──▶ saga ──▶ stock ──▶ saga ──▶ payment
//            ▲                                              ▲                             │
//            └── inbox ◀── decisions ◀── saga ◀─────────────┴──── paid, or refused: the stock is
//                                                                 released, and the order cancelled
//
// Each arrow is an event. What a step has done is undone by another step, never by a rollback.
#pragma once

#include "klamm/app.h"
#include "klamm/postgres.h"

#include <cstdint>
#include <functional>
#include <string>

namespace order_saga {

struct OrderPlaced {
    static constexpr klamm::EventName event{"order.placed"};
    std::string order;
    std::string item;
    std::int64_t cents = 0;
    static constexpr void describe(auto& field) {
        field("order", &OrderPlaced::order);
        field("item", &OrderPlaced::item);
        field("cents", &OrderPlaced::cents);
    }
};

struct ReserveStock {
    static constexpr klamm::EventName event{"stock.reserve"};
    std::string order;
    std::string item;
    static constexpr void describe(auto& field) {
        field("order", &ReserveStock::order);
        field("item", &ReserveStock::item);
    }
};

/// Undoes ReserveStock.
struct ReleaseStock {
    static constexpr klamm::EventName event{"stock.release"};
    std::string order;
    std::string item;
    static constexpr void describe(auto& field) {
        field("order", &ReleaseStock::order);
        field("item", &ReleaseStock::item);
    }
};

struct StockAnswered {
    static constexpr klamm::EventName event{"stock.answered"};
    std::string order;
    bool reserved = false;
    static constexpr void describe(auto& field) {
        field("order", &StockAnswered::order);
        field("reserved", &StockAnswered::reserved);
    }
};

struct ChargeCard {
    static constexpr klamm::EventName event{"payment.charge"};
    std::string order;
    std::int64_t cents = 0;
    static constexpr void describe(auto& field) {
        field("order", &ChargeCard::order);
        field("cents", &ChargeCard::cents);
    }
};

struct PaymentAnswered {
    static constexpr klamm::EventName event{"payment.answered"};
    std::string order;
    bool paid = false;
    static constexpr void describe(auto& field) {
        field("order", &PaymentAnswered::order);
        field("paid", &PaymentAnswered::paid);
    }
};

struct OrderDecided {
    static constexpr klamm::EventName event{"order.decided"};
    std::string order;
    std::string status;  ///< "confirmed", "out of stock", "not paid"
    static constexpr void describe(auto& field) {
        field("order", &OrderDecided::order);
        field("status", &OrderDecided::status);
    }
    bool operator==(OrderDecided const&) const = default;
};

/// What the saga keeps about an order until it is decided.
struct Saga {
    static constexpr klamm::EventName event{"order.saga"};
    OrderPlaced placed;
    static constexpr void describe(auto& field) { field("placed", &Saga::placed); }
};

/// How much of an item there is, by item.
struct Stock {
    static constexpr klamm::EventName event{"stock.level"};
    std::int64_t pieces = 2;
    static constexpr void describe(auto& field) { field("pieces", &Stock::pieces); }
};

/// Whether the bank takes so much from a card.
using Bank = std::function<bool(std::int64_t cents)>;

/// The saga, the stock and the payment, in one App for brevity.
klamm::App make_app(Bank bank);
/// Writes decisions into the shop's database, each once, and relays its outbox.
void add_database(klamm::App& app, klamm::Postgres& database, std::string connection);

/// The statements that make the shop's tables.
std::string schema();

}  // namespace order_saga
