# Shows that what is the machine's own is not the host's nor a neighbour's. Given: @FILE, a file for
# notes, and @MODE:
#   keep     notes all values
#   change   changes every number and name that it can, and says how many
#   compare  says which are not as noted
#   restore  sets all as noted
my $note = $FILE[0];
my @names = qw(/proc/sys/kernel/hostname /proc/sys/kernel/domainname);

sub files {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    map { -l $_ ? () : -d _ ? files($_) : $_ } map { "$folder/$_" } grep { !/^\.\.?$/ } readdir $handle;
}
sub value {
    my ($path) = @_;
    open my $file, '<', $path or return;
    my $value = <$file>;
    return unless defined $value;
    chomp $value;
    return $value;
}
sub set {
    my ($path, $value) = @_;
    open my $file, '>', $path or return 0;
    my $written = syswrite $file, "$value\n";
    return close $file && $written;
}

# A switch of the whole host that only goes on, and that the kernel lets every namespace turn
# (nf_conntrack-sysctl.rst): machined has turned it, and walk.pl sees to that.
my $one_way = qr{/nf_hooks_lwtunnel$};

my @paths = grep { $_ !~ $one_way } (
    @names,
    grep({ m{/(auto_msgmni|msg(?!_next)\w+|sem|shm(?!_next)\w+)$} } files('/proc/sys/kernel')),
    map({ files($_) } qw(/proc/sys/net /proc/sys/fs/mqueue /proc/sys/user)),
    '/sys/devices/virtual/net/lo/mtu', '/sys/devices/virtual/net/lo/tx_queue_len',
);
my %before;
if ($MODE[0] ne 'keep') {
    open my $notes, '<', $note or die "untried: no notes\n";
    while (<$notes>) { chomp; my ($path, $value) = split / /, $_, 2; $before{$path} = $value }
}
if ($MODE[0] eq 'keep') {
    open my $notes, '>', $note or die "untried: no notes\n";
    for my $path (@paths) {
        my $value = value($path);
        print $notes "$path $value\n" if defined $value;
    }
} elsif ($MODE[0] eq 'change') {
    my $changed = 0;
    my %is_name = map { $_ => 1 } @names;
    for my $path (grep { defined $before{$_} } @paths) {
        my $old = $before{$path};
        my @new = $is_name{$path} ? ('elsewhere') : $old =~ /^-?\d+$/ ? ($old + 1, $old - 1) : ();
        for my $new (@new) {
            set($path, $new);
            if (value($path) ne $old) { $changed++; last }
        }
    }
    print "saw: $changed values changed\n";
    print "untried: only $changed values could be changed\n" if $changed < 100;
} elsif ($MODE[0] eq 'compare') {
    for my $path (sort keys %before) {
        my $value = value($path);
        print "broken: $path was $before{$path} and is $value\n" if defined $value and $value ne $before{$path};
    }
    print 'saw: ', scalar(keys %before), " values compared\n";
} else {
    set($_, $before{$_}) for grep { value($_) ne $before{$_} } keys %before;
    unlink $note;
}
print "done\n";
