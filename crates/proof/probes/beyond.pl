# Tries to have more than the limits allow, for a moment. Given: @PROCESSES and @MEMORY (MiB), both a
# little more than allowed.
my @children;
while (@children < $PROCESSES[0]) {
    my $child = fork // last;
    if (!$child) { sleep 30; exit }
    push @children, $child;
}
my $held = @children;
kill 'KILL', @children;
wait for @children;
print "broken: $held processes at once\n" if $held >= $PROCESSES[0];
pipe my $in, my $out;
my $child = fork // 0;
if (!$child) {
    my @held;
    push @held, 'x' x (16 << 20) while @held * 16 < $MEMORY[0];
    syswrite $out, 'all';
    exit;
}
close $out;
waitpid $child, 0;
sysread $in, my $all, 3;
print "broken: $MEMORY[0] MiB of memory\n" if defined $all and $all eq 'all';
print "saw: $held of $PROCESSES[0] processes\ndone\n";
