# Floods. Given: FLOOD, which one, and TIME, for how many seconds at least. A flood that ran prints
# done, whatever became of its programs.
time=${TIME[0]}
case ${FLOOD[0]} in
processes)
    perl -e '$end = time + $ARGV[0]; fork while time < $end' "$time"
    ;;
memory)
    while [ $SECONDS -lt "$time" ]; do
        perl -e 'push @held, "x" x (16 << 20) while 1' 2>/dev/null
        # By a file system in memory as well; it goes with its namespace.
        unshare --mount bash -c 'mount -t tmpfs -o size=100G none /mnt && dd if=/dev/zero of=/mnt/fill bs=1M' 2>/dev/null
    done
    ;;
disk)
    dd if=/dev/zero of=/root/fill bs=1M 2>/dev/null
    dd if=/dev/zero of=/var/lib/docker/fill bs=1M 2>/dev/null
    df --output=avail -B 1M / | tail -n 1 | sed 's/^ */saw: MiB left inside: /'
    rm -f /root/fill /var/lib/docker/fill
    ;;
inodes)
    mkdir -p /var/lib/docker/fill
    perl -e 'chdir "/var/lib/docker/fill"; $end = time + $ARGV[0]; $n = 0;
        while (open my $file, ">", $n) { $n++ } print "saw: $n files made until ", $!{ENOSPC} ? "none was left" : $!, "\n"' "$time"
    rm -rf /var/lib/docker/fill
    ;;
processors)
    for _ in {1..64}; do
        timeout "$time" nice -n -20 bash -c 'while :; do :; done' 2>/dev/null &
    done
    # Real time would go before everything else of the host.
    chrt --fifo 99 true 2>/dev/null && echo 'broken: real time was given'
    wait
    ;;
logs)
    docker run -d --name flood tiny bash -c 'while :; do echo "$RANDOM a line that nobody reads"; done' >/dev/null
    timeout "$time" bash -c 'while :; do echo "<0>a line for the host" >/dev/kmsg; logger x; done' 2>/dev/null &
    timeout "$time" bash -c 'while :; do docker ps; docker volume create; done' >/dev/null 2>&1 &
    wait %1 %2
    docker rm -f flood >/dev/null
    docker volume prune -af >/dev/null
    ;;
connections)
    perl -MSocket -e '
        my ($end, @held) = (time + $ARGV[0]); fork for 1 .. 4;
        while (time < $end) {
            for my $port (5000, 1 .. 20) {
                socket my $socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0 or last;
                connect $socket, sockaddr_in($port, inet_aton("10.88.0.1"));
                push @held, $socket if $port == 5000;
            }
        }' "$time"
    ;;
esac
echo
echo done
