using System.Diagnostics;
using System.Linq;

namespace Hypervisor.Tool.Emulators;

/// <summary>Writes a command the way a shell reads it.</summary>
public static class CommandLineText
{
    private const string PlainPunctuation = "-_=+,.:/@%";

    /// <summary>The text of a command.</summary>
    public static string Of(ProcessStartInfo command)
    {
        return string.Join(' ', command.ArgumentList.Prepend(command.FileName).Select(Quote));
    }

    private static bool IsPlain(char character)
    {
        return char.IsAsciiLetterOrDigit(character) || PlainPunctuation.Contains(character);
    }

    private static string Quote(string argument)
    {
        return argument.Length > 0 && argument.All(IsPlain) ? argument : $"'{argument.Replace("'", @"'\''")}'";
    }
}
