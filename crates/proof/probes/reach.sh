# Who can be reached by the network. Given: TARGETS, address:port; PINGS, addresses; DATAGRAMS,
# address:port; THEIRS, a neighbour's address, and HUB, what may be reached.
# So that a no means no: these work where they may.
[ ${#PINGS[@]} = 0 ] || ping -q -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 || echo "untried: ping does not work here"
for hub in "${HUB[@]}"; do
    curl -s -k -o /dev/null -m 5 "https://$hub/v2/" || echo "untried: the hub does not answer"
done

asked=0
slowest=0
for target in "${TARGETS[@]}"; do
    start=${EPOCHREALTIME/.}
    # To be let in is enough, whatever is said then.
    timeout 5 bash -c ": </dev/tcp/${target/:/\/}" 2>/dev/null && echo "broken: reached $target"
    took=$(((${EPOCHREALTIME/.} - start) / 1000))
    asked=$((asked + 1))
    [ $took -le $slowest ] || slowest=$took
    # Refused at once, not dropped: nobody should have to wait for a no.
    [ $took -lt 2000 ] || echo "broken: $target keeps waiting for $took ms"
done
for address in "${PINGS[@]}"; do
    ping -q -c 1 -W 1 "$address" >/dev/null 2>&1 && echo "broken: $address answers a ping"
done
for datagram in "${DATAGRAMS[@]}"; do
    answer=$(perl -MIO::Socket::INET -e '
        my $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], Proto => "udp") or exit;
        $socket->send("?"); local $SIG{ALRM} = sub { exit }; alarm 1; $socket->recv(my $answer, 64); print $answer' "$datagram")
    [ -z "$answer" ] || echo "broken: a datagram to $datagram was answered"
done
# Another's address does not open another's way.
for theirs in "${THEIRS[@]}"; do
    ip addr add "$theirs/32" dev eth0 2>/dev/null || continue
    curl -s -k -o /dev/null -m 2 --interface "$theirs" "https://${HUB[0]}/v2/" && echo "broken: answered as $theirs"
    ip addr del "$theirs/32" dev eth0
done
echo "saw: $asked doors shut, the slowest in $slowest ms"
echo done
