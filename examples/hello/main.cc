#include "hello.h"

#include <klamm/run.h>

int main(int argc, char** argv) { return klamm::run(hello::make_app(), argc, argv); }
