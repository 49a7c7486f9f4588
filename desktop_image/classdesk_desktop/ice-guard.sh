#!/bin/sh
# Runs a session manager under a process number that is free as an ICE address.
#
# libICE listens on the abstract socket @/tmp/.ICE-unix/PID. Abstract sockets belong to the network
# namespace, process numbers to the process namespace: two sessions on one node share the first and often
# have equal numbers in the second. Where the address is taken, libICE gives up ("Cannot establish any
# listening sockets") and mate-session ends at once. A child has another number, so try again in one.
if grep -q "@/tmp/\.ICE-unix/$$\$" /proc/net/unix; then
    /bin/sh "$0" "$@"
    exit
fi
exec "$@"
