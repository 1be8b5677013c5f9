using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Diagnostics;

/// <summary>A 16550 for the log. It polls: the host takes no interrupts, and a port that never becomes ready is given up on.</summary>
public static class SerialPort
{
    /// <summary>I/O base of COM1.</summary>
    public const ushort Com1 = 0x3F8;

    /// <summary>I/O base of COM2.</summary>
    public const ushort Com2 = 0x2F8;

    private const ushort InterruptEnable = 1;
    private const ushort FifoControl = 2;
    private const ushort LineControl = 3;
    private const ushort ModemControl = 4;
    private const ushort LineStatus = 5;
    private const byte DivisorLatch = 0x80;
    private const byte EightBitsNoParity = 0x03;
    private const byte EnableFifo = 0x07;
    private const byte ReadyAndRequest = 0x03;
    private const byte TransmitterEmpty = 0x20;
    private const byte Baud115200 = 1;
    private const int MaximumPolls = 200_000;

    private static ushort s_base;
    private static bool s_given;

    /// <summary>Whether a port is in use.</summary>
    public static bool IsOpen => s_base != 0;

    /// <summary>Takes a port into use: 115,200 baud, 8 bits, no parity, one stop bit.</summary>
    /// <param name="port">I/O base, or 0 for none.</param>
    public static void Open(ushort port)
    {
        s_base = port;
        s_given = false;
        if (port == 0)
        {
            return;
        }

        Instructions.Out8((ushort)(port + InterruptEnable), 0);
        Instructions.Out8((ushort)(port + LineControl), DivisorLatch);
        Instructions.Out8(port, Baud115200);
        Instructions.Out8((ushort)(port + InterruptEnable), 0);
        Instructions.Out8((ushort)(port + LineControl), EightBitsNoParity);
        Instructions.Out8((ushort)(port + FifoControl), EnableFifo);
        Instructions.Out8((ushort)(port + ModemControl), ReadyAndRequest);
    }

    /// <summary>Sends bytes.</summary>
    public static void Write(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length && s_base != 0 && !s_given; i++)
        {
            Write(text[i]);
        }
    }

    private static void Write(byte value)
    {
        for (int poll = 0; (Instructions.In8((ushort)(s_base + LineStatus)) & TransmitterEmpty) == 0; poll++)
        {
            if (poll == MaximumPolls)
            {
                s_given = true; // nobody takes the bytes: the log ring goes on alone
                return;
            }
        }

        Instructions.Out8(s_base, value);
    }
}
