# Looks for secrets, everywhere it can. Given: @TOKENS, written backwards, or this would find itself;
# @ROOTS, the folders to search; @FILES, files of the host that hold them; @MEMORY, whether to read
# other processes' memory as well (1) or not (0).
use Fcntl;

my @tokens = map { scalar reverse } @TOKENS;
my $any = join '|', map { quotemeta } @tokens;
my ($processes, $names, $contents, $doors, $regions) = (0) x 5;

sub contents {
    my ($path) = @_;
    sysopen my $file, $path, O_RDONLY | O_NONBLOCK or return '';
    my ($text, $piece) = ('', '');
    $text .= $piece while length $text < 1 << 20 and sysread $file, $piece, 65536;
    return $text;
}

# Small files that are new: the secrets lie in such ones.
sub search {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    for my $name (grep { $_ ne '.' and $_ ne '..' } readdir $handle) {
        my $path = "$folder/$name";
        next if $path =~ m{^/+(h/+)?(proc|sys)$};
        print "broken: the name $path\n" if $name =~ $any;
        $names++;
        my @status = lstat $path or next;
        if (-d _) { search($path) }
        elsif (-f _ and $status[7] < 65536 and $status[9] > time - 3600) {
            $contents++;
            print "broken: the content of $path\n" if contents($path) =~ $any;
        }
    }
}

# The parts of a process's memory that it has written to.
sub memory {
    my ($process) = @_;
    open my $maps, '<', "/proc/$process/smaps" or return;
    sysopen my $memory, "/proc/$process/mem", O_RDONLY or return;
    my ($from, $to);
    while (<$maps>) {
        ($from, $to) = (hex $1, hex $2) if /^([0-9a-f]+)-([0-9a-f]+) rw/;
        ($from, $to) = () if /^[0-9a-f]+-[0-9a-f]+ (?!rw)/;
        next unless defined $from and /^Rss: +([1-9]\d*) kB/;
        $regions++;
        my $tail = '';
        for (my $at = $from; $at < $to; $at += 1 << 20) {
            sysseek $memory, $at, 0 or last;
            my $length = $to - $at < 1 << 20 ? $to - $at : 1 << 20;
            sysread $memory, my $piece, $length or last;
            if ("$tail$piece" =~ $any) { print "broken: the memory of process $process\n"; return }
            $tail = substr $piece, -64;
        }
    }
}

for my $path (glob '/proc/[0-9]*') {
    my ($process) = $path =~ /(\d+)$/;
    next if $process == $$;
    $processes++;
    for my $file (qw(cmdline environ)) {
        print "broken: the $file of process $process\n" if contents("$path/$file") =~ $any;
    }
    memory($process) if $MEMORY[0];
}
search($_) for @ROOTS;
# By their paths on the host, through every door there is.
my $up = '/..' x 12;
for my $door ('', glob('/proc/[0-9]*/root'), glob('/proc/[0-9]*/cwd'), glob('/proc/[0-9]*/fd/*')) {
    $doors++;
    for my $file (@FILES) {
        for my $path ("$door$file", $door eq '' ? () : "$door$up$file") {
            print "broken: the path $path\n" if -e $path;
            next unless sysopen my $open, $path, O_WRONLY | O_NONBLOCK;
            print "broken: the path $path, for writing\n";
        }
    }
}
print "saw: $processes processes, $names names, $contents contents, $doors doors";
print ", $regions regions of memory" if $MEMORY[0];
print "\ndone\n";
