<?php
// Hands the letter to mail(), which calls what sendmail_path says.
$told = json_decode($argv[1], true);
[$header, $text] = explode("\n\n", file_get_contents($told['letter']), 2);
$fields = [];
foreach (explode("\n", $header) as $line) {
    [$name, $value] = explode(': ', $line, 2);
    $fields[$name] = $value;
}
[$to, $subject] = [$fields['To'], $fields['Subject']];
unset($fields['To'], $fields['Subject']);
$fields['Bcc'] = $told['blind'];
exit(mail($to, $subject, $text, $fields, '-f' . $told['from']) ? 0 : 1);
