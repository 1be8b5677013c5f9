using System;
using System.Text;

namespace Hypervisor.Tool.Emulators;

/// <summary>Takes the terminal control sequences out of a byte stream, however it is cut into pieces, and leaves lines of text.</summary>
/// <remarks>The firmware positions, colours and clears all the time; patterns and logs want the words.</remarks>
public sealed class TerminalFilter
{
    private const char Escape = '\x1B';
    private const char FirstFinal = '@';
    private const char LastFinal = '~';
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private State _state;

    private enum State
    {
        Text,
        Escape,
        Sequence,
    }

    /// <summary>The text in the next piece.</summary>
    public string Strip(ReadOnlySpan<byte> bytes)
    {
        char[] characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        int count = _decoder.GetChars(bytes, characters, flush: false);
        StringBuilder text = new(count);
        foreach (char character in characters.AsSpan(0, count))
        {
            Accept(character, text);
        }

        return text.ToString();
    }

    private void Accept(char character, StringBuilder text)
    {
        switch (_state)
        {
            case State.Escape:
                _state = character == '[' ? State.Sequence : State.Text;
                break;
            case State.Sequence:
                _state = character is >= FirstFinal and <= LastFinal ? State.Text : State.Sequence;
                break;
            case State.Text when character == Escape:
                _state = State.Escape;
                break;
            case State.Text when character is '\n' or '\t' || !char.IsControl(character):
                text.Append(character);
                break;
        }
    }
}
