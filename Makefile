# make            the server: build/amazon-q-server (static, stripped)
# make run        builds it and serves the echo backend on http://127.0.0.1:8080/v1
# make test       builds and runs all tests: units, loopback, and the real clients
# make asan | ubsan | tsan     all tests with the server under a sanitizer; asan has UBSan in it
# make fuzz       every fuzz target for FUZZ_SECONDS
# make bench      the server beside the floor, nginx and others; prints ratios
# make order      writes .make/functions anew
# make format | check | install | clean | help
# Dependencies are fetched by package name; LLHTTP=, SIMDJSON=, DOCTEST=, OPENSSL=, CARES= name
# folders instead. TLS=none builds without OpenSSL: no https upstreams.

CXX          ?= g++
CC           ?= gcc
CLANGXX      ?= clang++
CLANG_FORMAT ?= clang-format
PREFIX       ?= /usr/local
DESTDIR      ?=
RUN_FLAGS    ?= --backend echo
FUZZ_SECONDS ?= 20
BUILD        ?= build
DEPS         ?= build/deps
CLIENTS      ?= build/clients
LLHTTP       ?=
SIMDJSON     ?=
DOCTEST      ?=
OPENSSL      ?=
CARES        ?=
TLS          ?= openssl

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wnon-virtual-dtor -Werror
OPTIMIZE ?= -O2
SANITIZE ?=
SANITIZER ?=
export CLIENTS SANITIZER
# net/static_libc.cpp names what it puts in the place of parts of libc.
wrapped  := $(shell sed -n 's/.*__wrap_\(\w\w*\).*/\1/p' net/static_libc.cpp | sort -u)
STATIC   ?= -static -s $(wrapped:%=-Wl,--wrap=%)
packages := llhttp simdjson doctest cares openssl
INCLUDES := -I. $(packages:%=-isystem $(DEPS)/%)
SPLIT    := -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=.
SIMD     := -DSIMDJSON_IMPLEMENTATION_ICELAKE=0 -DSIMDJSON_IMPLEMENTATION_WESTMERE=0 -DSIMDJSON_EXCEPTIONS=0
CXXFLAGS += -std=c++20 $(OPTIMIZE) -g0 $(WARNINGS) $(SPLIT) $(SIMD) $(SANITIZE)
CFLAGS   += $(OPTIMIZE) $(SPLIT) $(SANITIZE)
LDFLAGS  += -pthread -Wl,--gc-sections $(SANITIZE)

# What needs OpenSSL, and what stands for it in a build without.
tls_files := net/tls.cpp net/stream_bio.cpp net/ca_store.cpp net/sigv4.cpp test/tls_test.cpp test/sigv4_test.cpp
left_out  := $(if $(filter none,$(TLS)),$(tls_files),net/tls_none.cpp net/sigv4_none.cpp)
tls_links := $(if $(filter none,$(TLS)),,$(DEPS)/openssl/libssl.a $(DEPS)/openssl/libcrypto.a)
archives  := $(DEPS)/cares/libcares.a $(tls_links)
tls_mark  := $(BUILD)/tls-$(TLS)
sources   := $(filter-out $(left_out) net/static_libc.cpp,$(wildcard net/*.cpp json/*.cpp core/*.cpp))
libraries := $(BUILD)/deps/llhttp.o $(BUILD)/deps/api.o $(BUILD)/deps/http.o $(BUILD)/deps/simdjson.o
objects   := $(sources:%.cpp=$(BUILD)/%.o) $(libraries)
tests     := $(patsubst %.cpp,$(BUILD)/%.o,$(filter-out test/fuzz_% $(left_out),$(wildcard test/*.cpp)))
fuzzers   := $(patsubst test/%.cpp,$(BUILD)/%,$(wildcard test/fuzz_*.cpp))
benches   := $(patsubst bench/%.cpp,$(BUILD)/bench/%,$(wildcard bench/*.cpp))
# What runs at the start, for a login, now and then or on a failure: built for size.
seldom    := main $(addprefix core/,account account_keeper account_thread amazon_q_options \
    amazon_q_settings commands credential_store device_login foreign_logins metrics \
    model_list models_exchange option options profile_query service_call status_report \
    terminal_screen token_refresh) $(addprefix json/,amazon_q_error amazon_q_models \
    amazon_q_profiles aws_oidc credentials error models rfc3339) $(addprefix net/,address ca_store \
    call_loop command connect_race dialer file peer process proxy proxy_tunnel resolver \
    resolver_channel server signals sigv4 supervisor tls upstream_setup url)
rarely    := $(seldom:%=$(BUILD)/%.o)
# These go last: of an inline function in several files the linker keeps the first, the fast one.
linked     = $(filter-out $(rarely),$(filter %.o,$^)) $(filter $(rarely),$^) $(archives)
# The functions that answers run lie side by side, on fewer pages. A name that is no more is ignored.
# ordered= on the command line is for linkers that do not know INSERT, such as gold.
ordered   := $(if $(STATIC),$(BUILD)/functions.ld)
fetched   := $(DEPS)/llhttp/llhttp.c $(DEPS)/simdjson/simdjson.cpp $(archives)
quiet     := $(if $(VERBOSE),,@)

.PHONY: all run test unit asan ubsan tsan fuzz fuzzers bench order format check install clean help
all: $(BUILD)/amazon-q-server

# The second has the names of its functions, for profilers.
$(BUILD)/named/amazon-q-server: STATIC := $(filter-out -s,$(STATIC))
$(BUILD)/amazon-q-server $(BUILD)/named/amazon-q-server: $(BUILD)/main.o \
    $(if $(STATIC),$(BUILD)/net/static_libc.o) $(objects) $(archives) $(tls_mark) $(ordered)
	@echo LINK $@
	$(quiet)mkdir -p $(@D) && $(CXX) $(STATIC) -o $@ $(linked) $(ordered:%=-Wl,-T,%) $(LDFLAGS)

$(BUILD)/functions.ld: .make/functions
	$(quiet)mkdir -p $(@D) && { echo 'SECTIONS { .text.answers : {'; \
	    sed 's/.*/*(.text.&)/; s/text\.\(.*\)\.cold)/text.unlikely.\1)/' $<; echo '} } INSERT BEFORE .text;'; } >$@

# The part of the static program that has no test in the units, which are linked otherwise.
$(BUILD)/static_probe: $(BUILD)/test/static/probe.o $(BUILD)/net/static_libc.o
	@echo LINK $@
	$(quiet)$(CXX) $(STATIC) -o $@ $^ $(LDFLAGS)

$(BUILD)/unit: $(tests) $(objects) $(archives) $(tls_mark)
	@echo LINK $@
	$(quiet)$(CXX) -o $@ $(linked) $(LDFLAGS)

$(BUILD)/fuzz_%: $(BUILD)/test/fuzz_%.o $(objects) $(archives)
	@echo LINK $@
	$(quiet)$(CXX) -fsanitize=fuzzer -o $@ $(linked) $(LDFLAGS)

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/rooms.a
	@echo LINK $@
	$(quiet)$(CXX) -static -o $@ $^ $(LDFLAGS)

# For programs that take of the rooms what they need.
$(BUILD)/rooms.a: $(objects)
	$(quiet)rm -f $@ && $(AR) rcs $@ $^

$(rarely): OPTIMIZE := -Os
$(BUILD)/%.o: %.cpp | $(fetched)
	@echo CXX $<
	$(quiet)mkdir -p $(@D) && $(CXX) $(CXXFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/deps/%.o: $(DEPS)/llhttp/%.c | $(fetched)
	@echo CC $<
	$(quiet)mkdir -p $(@D) && $(CC) $(CFLAGS) -I$(DEPS)/llhttp -c -o $@ $<

$(BUILD)/deps/simdjson.o: $(DEPS)/simdjson/simdjson.cpp
	@echo CXX $<
	$(quiet)mkdir -p $(@D) && $(CXX) -std=c++20 $(CFLAGS) $(SIMD) -c -o $@ $<

$(DEPS)/llhttp/%.c:
	$(quiet).make/fetch llhttp $(@D) $(LLHTTP)
$(DEPS)/simdjson/%.cpp:
	$(quiet).make/fetch simdjson $(@D) $(SIMDJSON)
$(DEPS)/doctest/%.h:
	$(quiet).make/fetch doctest $(@D) $(DOCTEST)
$(DEPS)/cares/%.a:
	$(quiet).make/fetch cares $(@D) $(CARES)
$(DEPS)/openssl/libssl.a:
	$(quiet).make/fetch openssl $(@D) $(OPENSSL)
$(DEPS)/openssl/libcrypto.a: $(DEPS)/openssl/libssl.a ;
$(tests): | $(DEPS)/doctest/doctest.h
# So that a build of the other kind links again.
$(tls_mark):
	$(quiet)mkdir -p $(@D) && rm -f $(BUILD)/tls-* && touch $@

run: all
	$(BUILD)/amazon-q-server server $(RUN_FLAGS)

unit: $(BUILD)/unit
	$(BUILD)/unit

test: all $(BUILD)/unit $(if $(STATIC),$(BUILD)/static_probe)
	test/run $(BUILD)

# Without STATIC, as a sanitizer's hooks need the dynamic loader. The two of asan write into one log
# only if g++ links their own libraries statically; clang++ does so anyway.
asan: checks := address,undefined $(if $(findstring clang,$(CXX)),,-static-libasan -static-libubsan)
ubsan: checks := undefined
tsan: checks := thread
asan ubsan tsan:
	@$(MAKE) --no-print-directory test BUILD=build/$@ STATIC= OPTIMIZE=-O1 SANITIZER=$@ \
	    SANITIZE="-fsanitize=$(checks) -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -Wno-maybe-uninitialized"

fuzz:
	@$(MAKE) --no-print-directory fuzzers BUILD=build/fuzz CXX=$(CLANGXX) CC=$(CLANGXX:++=) OPTIMIZE=-O1 \
	    SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -g1"
	@test/fuzz build/fuzz $(FUZZ_SECONDS)
fuzzers: $(fuzzers)

bench: all $(benches)
	bench/run $(BUILD)

order: $(BUILD)/named/amazon-q-server $(BUILD)/bench/load $(BUILD)/bench/service
	.make/order $< $(BUILD)/bench >$(BUILD)/functions
	test -s $(BUILD)/functions && mv $(BUILD)/functions .make/functions

format:
	$(CLANG_FORMAT) -i main.cpp $(wildcard */*.cpp */*.h)

check:
	$(quiet)$(CLANG_FORMAT) --dry-run --Werror main.cpp $(wildcard */*.cpp */*.h)
	$(quiet).make/check "$(CXX) $(CXXFLAGS) $(INCLUDES)"

install: all
	install -D -m 755 $(BUILD)/amazon-q-server $(DESTDIR)$(PREFIX)/bin/amazon-q-server

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^# //p' Makefile | head -10

.PRECIOUS: $(BUILD)/%.o $(DEPS)/llhttp/%.c $(DEPS)/simdjson/%.cpp $(DEPS)/doctest/%.h $(DEPS)/cares/%.a
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
