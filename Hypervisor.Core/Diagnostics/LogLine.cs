using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The line that <see cref="Log.Begin"/> opened.</summary>
public readonly struct LogLine
{
    /// <summary>Adds text.</summary>
    public LogLine Text(ReadOnlySpan<byte> text)
    {
        Log.Append(text);
        return this;
    }

    /// <summary>Adds a number in hexadecimal, with 0x before it.</summary>
    public LogLine Hex(ulong value, int digits = 1)
    {
        Log.AppendHex(value, digits);
        return this;
    }

    /// <summary>Adds a number in decimal.</summary>
    public LogLine Decimal(ulong value)
    {
        Log.AppendDecimal(value);
        return this;
    }

    /// <summary>Adds a byte as two hexadecimal digits.</summary>
    public LogLine Byte(byte value)
    {
        Log.AppendByte(value);
        return this;
    }

    /// <summary>Ends the line and sends it on its way.</summary>
    public void End() => Log.End();
}
