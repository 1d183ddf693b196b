# Hands the letter to sendmail, as scripts do that were written thirty years ago.
use strict;
use warnings;
use JSON::PP;

my $told = decode_json($ARGV[0]);
open my $letter, '<:raw', $told->{letter} or die $!;
open my $sendmail, '|-:raw', "$told->{sendmail} -oi -t -f $told->{from}" or die $!;
print $sendmail "Bcc: $told->{blind}\n";
print $sendmail $_ while <$letter>;
close $sendmail or die "sendmail: $?";
