using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Calls;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>A process of Linux on x86-64, without any library.</summary>
internal readonly unsafe struct LinuxPlatform : IPlatform
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int IllegalInstruction = 4;
    private const ulong WithInformation = 0x4; // SA_SIGINFO
    private const ulong WithRestorer = 0x0400_0000; // SA_RESTORER, which the kernel demands on this architecture
    private const ulong SignalSetSize = 8;
    private const ulong MonotonicClock = 1;
    private const ulong NanosecondsPerSecond = 1_000_000_000;
    private const ulong NanosecondsPerMillisecond = 1_000_000;
    private const uint MillisecondsPerSecond = 1000;
    private const uint MeasuredMilliseconds = 50;
    private const int AffinityWords = 16;
    private const int BitsPerWord = 64;

    private static byte** s_environment;

    public static EfiVariableAttributes PrivateVariable =>
        EfiVariableAttributes.NonVolatile | EfiVariableAttributes.BootServiceAccess | EfiVariableAttributes.RuntimeAccess;

    public static bool KnowsOfHypervisor => false;

    public static bool IsInterrupted => false; // a signal ends the process

    public static ulong TicksPerSecond
    {
        get
        {
            ulong begin = Now;
            ulong ticks = Instructions.ReadTimestamp();
            Wait(MeasuredMilliseconds);
            ticks = Instructions.ReadTimestamp() - ticks;
            ulong microseconds = (Now - begin) / MillisecondsPerSecond;
            return microseconds == 0 ? 0 : ticks * (NanosecondsPerSecond / MillisecondsPerSecond) / microseconds;
        }
    }

    public static ReadOnlySpan<byte> PublishedRecords => default;

    private static ulong Now
    {
        get
        {
            ulong* time = stackalloc ulong[2];
            SystemCall.GetClock(MonotonicClock, time);
            return (time[0] * NanosecondsPerSecond) + time[1];
        }
    }

    internal static void Open(byte** environment)
    {
        s_environment = environment;
        ulong* addresses = stackalloc ulong[CallStubs.AddressCount];
        CallStubs.Addresses(addresses);

        // struct kernel_sigaction: handler, flags, restorer, mask.
        ulong* action = stackalloc ulong[4];
        action[0] = addresses[CallStubs.SignalHandler];
        action[1] = WithInformation | WithRestorer;
        action[2] = addresses[CallStubs.SignalReturn];
        action[3] = 0;
        SystemCall.SetSignalAction(IllegalInstruction, action, SignalSetSize);
    }

    public static void Write(ReadOnlySpan<byte> text) => WriteTo(StandardOutput, text);

    public static void WriteError(ReadOnlySpan<byte> text) => WriteTo(StandardError, text);

    public static void StayOnProcessor()
    {
        uint processor;
        ulong* mask = stackalloc ulong[AffinityWords];
        for (int i = 0; i < AffinityWords; i++)
        {
            mask[i] = 0;
        }

        if (SystemCall.GetProcessor(&processor) == 0 && processor < AffinityWords * BitsPerWord)
        {
            mask[processor / BitsPerWord] = 1ul << (int)(processor % BitsPerWord);
            SystemCall.SetAffinity(mask, AffinityWords * sizeof(ulong));
        }
    }

    public static bool Call(CallRegisters* registers, bool vmcall) => CallStubs.CallLinux(registers, vmcall ? 1u : 0) != 0;

    public static void Wait(uint milliseconds)
    {
        ulong* time = stackalloc ulong[2];
        time[0] = milliseconds / MillisecondsPerSecond;
        time[1] = milliseconds % MillisecondsPerSecond * NanosecondsPerMillisecond;
        SystemCall.Sleep(time);
    }

    public static ReadOnlySpan<byte> Environment(ReadOnlySpan<byte> name)
    {
        for (byte** entry = s_environment; *entry != null; entry++)
        {
            ReadOnlySpan<byte> text = ZeroTerminated.Span(*entry);
            if (AsciiText.StartsWith(text, name) && text.Length > name.Length && text[name.Length] == '=')
            {
                return text.Slice(name.Length + 1);
            }
        }

        return default;
    }

    public static int ReadFile(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        Span<byte> storage = stackalloc byte[LinuxPath.Capacity];
        LinuxPath file = new(storage);
        file.Append(path);
        return LinuxFile.Read(file.Pointer, buffer);
    }

    public static VariableOutcome ReadVariable(ReadOnlySpan<byte> name, EfiGuid vendor, Span<byte> buffer, out int length) =>
        LinuxVariables.Read(name, vendor, buffer, out length);

    public static VariableOutcome WriteVariable(ReadOnlySpan<byte> name, EfiGuid vendor, EfiVariableAttributes attributes, ReadOnlySpan<byte> data) =>
        LinuxVariables.Write(name, vendor, attributes, data);

    public static VariableOutcome DeleteVariable(ReadOnlySpan<byte> name, EfiGuid vendor) => LinuxVariables.Delete(name, vendor);

    public static ExitStatus FindImage(Span<byte> path, out int length) => LinuxImagePath.Find(path, out length);

    public static bool PublishRecords(ReadOnlySpan<byte> table) => false;

    private static void WriteTo(int file, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            long written;
            fixed (byte* bytes = text)
            {
                written = SystemCall.Write(file, bytes, (ulong)text.Length);
            }

            if (written <= 0)
            {
                return;
            }

            text = text.Slice((int)written);
        }
    }
}
