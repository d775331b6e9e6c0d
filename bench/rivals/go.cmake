# SPDX-License-Identifier: MIT
# cmake -DGO= -DSOURCES= -DCACHE= -DOUT= -P go.cmake: builds weir-bench-go with nothing from the network and nothing
# outside the build folder. It is no error if that fails: weir-bench then says that the rival is absent.
file(REMOVE ${OUT})
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env GOCACHE=${CACHE} GOPATH=${CACHE}/path GOENV=off GOFLAGS= GO111MODULE=off
          GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 ${GO} build -trimpath -o ${OUT} ${SOURCES}
  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
  message(WARNING "Go's channels are left out: ${GO} does not build them\n${said}")
endif()
