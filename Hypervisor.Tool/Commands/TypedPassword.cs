using System;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>What is typed at boot as well, on the firmware's console.</summary>
internal static class TypedPassword
{
    private const int MostCharacters = 128; // as many as the loader takes

    /// <summary>Reads a line from standard input.</summary>
    /// <param name="name">What it is, for whoever types.</param>
    internal static string Read(string name)
    {
        if (!Console.IsInputRedirected)
        {
            Console.Error.Write($"{name} (it is shown): ");
        }

        return Console.In.ReadLine() ?? string.Empty;
    }

    /// <summary>Refuses what cannot be typed at boot.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="name">What it is.</param>
    internal static void Check(string text, string name)
    {
        foreach (char character in text)
        {
            if (character is < ' ' or > '~')
            {
                throw new HvException($"A {name} is of printable ASCII characters: what firmware makes of other keys is its own affair.");
            }
        }

        if (text.Length is 0 or > MostCharacters)
        {
            throw new HvException($"A {name} has 1 to {MostCharacters} characters.");
        }
    }
}
