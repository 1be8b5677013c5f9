using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Calls;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Records;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>The UEFI Shell.</summary>
internal readonly unsafe struct EfiPlatform : IPlatform
{
    private const int NameCapacity = 512;
    private const uint MeasuredMicroseconds = 50_000;
    private const ulong MeasurementsPerSecond = 20;
    private const uint MicrosecondsPerMillisecond = 1000;

    private static Wide s_wide;
    private static Narrow s_environment;

    private struct Wide
    {
        public fixed char Characters[NameCapacity];
    }

    private struct Narrow
    {
        public fixed byte Bytes[NameCapacity];
    }

    public static EfiVariableAttributes PrivateVariable => EfiVariableAttributes.NonVolatile | EfiVariableAttributes.BootServiceAccess;

    public static bool KnowsOfHypervisor => EfiContext.Firmware.IsInstalled(EfiGuid.Hv);

    public static bool IsInterrupted => EfiKeyboard.IsPressed;

    public static ulong TicksPerSecond
    {
        get
        {
            ulong start = Instructions.ReadTimestamp();
            EfiContext.Firmware.Services->Stall(MeasuredMicroseconds);
            return (Instructions.ReadTimestamp() - start) * MeasurementsPerSecond;
        }
    }

    public static ReadOnlySpan<byte> PublishedRecords
    {
        get
        {
            byte* table = EfiContext.Firmware.ConfigurationTable(EfiGuid.HvRecords);
            return table == null ? default : new ReadOnlySpan<byte>(table, (int)BootRecords.SizeFrom(new ReadOnlySpan<byte>(table, BootRecords.HeaderSize)));
        }
    }

    internal static void Open(Firmware firmware, void* image, EfiSystemTable* system)
    {
        EfiContext.Image = image;
        EfiContext.System = system;
        EfiContext.Shell = (EfiShell*)firmware.FirstOf(EfiGuid.Shell);
    }

    public static void Write(ReadOnlySpan<byte> text) => EfiContext.Firmware.Print(text);

    public static void WriteError(ReadOnlySpan<byte> text) => EfiContext.Firmware.Print(text);

    public static void StayOnProcessor()
    {
        // Applications run on the one processor that the firmware runs on.
    }

    public static bool Call(CallRegisters* registers, bool vmcall) => EfiCall.Make(registers, vmcall);

    public static void Wait(uint milliseconds) => EfiContext.Firmware.Services->Stall(milliseconds * MicrosecondsPerMillisecond);

    public static ReadOnlySpan<byte> Environment(ReadOnlySpan<byte> name)
    {
        char* value = EfiContext.Shell == null ? null : EfiContext.Shell->GetEnvironment(Widen(name));
        fixed (byte* bytes = s_environment.Bytes)
        {
            int length = value == null ? 0 : EfiText.Narrow(value, new Span<byte>(bytes, NameCapacity));
            return new ReadOnlySpan<byte>(bytes, length > NameCapacity ? 0 : length);
        }
    }

    public static int ReadFile(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        void* file;
        if (EfiContext.Shell == null || EfiContext.Shell->OpenFileByName(Widen(path), &file, EfiShell.ReadMode) != EfiStatus.Success)
        {
            return -1;
        }

        nuint size = (nuint)buffer.Length;
        nuint more = 1;
        byte further;
        EfiStatus status;
        fixed (byte* bytes = buffer)
        {
            status = EfiContext.Shell->ReadFile(file, &size, bytes);
        }

        bool isWhole = EfiContext.Shell->ReadFile(file, &more, &further) == EfiStatus.Success && more == 0;
        EfiContext.Shell->CloseFile(file);
        return status == EfiStatus.Success && isWhole ? (int)size : -1;
    }

    public static VariableOutcome ReadVariable(ReadOnlySpan<byte> name, EfiGuid vendor, Span<byte> buffer, out int length)
    {
        nuint size = (nuint)buffer.Length;
        EfiVariableAttributes attributes;
        EfiStatus status;
        fixed (byte* bytes = buffer)
        {
            status = EfiContext.System->RuntimeServices->GetVariable(Widen(name), &vendor, &attributes, &size, bytes);
        }

        length = status == EfiStatus.Success ? (int)size : 0;
        return Outcome(status);
    }

    public static VariableOutcome WriteVariable(ReadOnlySpan<byte> name, EfiGuid vendor, EfiVariableAttributes attributes, ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            return Outcome(EfiContext.System->RuntimeServices->SetVariable(Widen(name), &vendor, attributes, (nuint)data.Length, bytes));
        }
    }

    public static VariableOutcome DeleteVariable(ReadOnlySpan<byte> name, EfiGuid vendor) =>
        Outcome(EfiContext.System->RuntimeServices->SetVariable(Widen(name), &vendor, EfiVariableAttributes.None, 0, null));

    public static ExitStatus FindImage(Span<byte> path, out int length) => EfiImagePath.Find(path, out length);

    public static bool PublishRecords(ReadOnlySpan<byte> table) => EfiRecords.Publish(table);

    /// <summary>A name for a call of the firmware; good until the next one.</summary>
    internal static char* Widen(ReadOnlySpan<byte> text)
    {
        fixed (char* wide = s_wide.Characters)
        {
            EfiText.Widen(text, wide, NameCapacity);
            return wide;
        }
    }

    private static VariableOutcome Outcome(EfiStatus status) => status switch
    {
        EfiStatus.Success => VariableOutcome.Done,
        EfiStatus.NotFound => VariableOutcome.Missing,
        EfiStatus.BufferTooSmall or EfiStatus.OutOfResources => VariableOutcome.TooLarge,
        EfiStatus.Unsupported => VariableOutcome.Unavailable,
        _ => VariableOutcome.Refused,
    };
}
