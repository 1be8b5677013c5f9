using System;
using Hypervisor.Control.Platform;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Boot;

/// <summary>The variables Driver#### (UEFI 2.10 §3.3), and which of them is ours.</summary>
internal static class DriverEntry<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Numbers that are looked at for an entry which the order has lost.</summary>
    public const ushort Searched = 0x100;

    /// <summary>Attributes of the variables.</summary>
    public static EfiVariableAttributes Attributes =>
        EfiVariableAttributes.NonVolatile | EfiVariableAttributes.BootServiceAccess | EfiVariableAttributes.RuntimeAccess;

    /// <summary>What our entry is called.</summary>
    public static ReadOnlySpan<byte> Description => "hv"u8;

    private static ReadOnlySpan<byte> Kind => "Driver"u8;

    /// <summary>Reads an entry.</summary>
    public static VariableOutcome Read(ushort number, Span<byte> bytes, out int length)
    {
        Span<byte> name = stackalloc byte[LoadOption.NameCapacity];
        return TPlatform.ReadVariable(LoadOption.Name(Kind, number, name), EfiGuid.GlobalVariable, bytes, out length);
    }

    /// <summary>Writes an entry.</summary>
    public static VariableOutcome Write(ushort number, ReadOnlySpan<byte> bytes)
    {
        Span<byte> name = stackalloc byte[LoadOption.NameCapacity];
        return TPlatform.WriteVariable(LoadOption.Name(Kind, number, name), EfiGuid.GlobalVariable, Attributes, bytes);
    }

    /// <summary>Deletes an entry.</summary>
    public static VariableOutcome Delete(ushort number)
    {
        Span<byte> name = stackalloc byte[LoadOption.NameCapacity];
        return TPlatform.DeleteVariable(LoadOption.Name(Kind, number, name), EfiGuid.GlobalVariable);
    }

    /// <summary>Whether an entry is ours.</summary>
    public static bool IsOurs(ushort number)
    {
        Span<byte> bytes = stackalloc byte[LoadOption.Capacity];
        return Read(number, bytes, out int length) == VariableOutcome.Done
            && LoadOption.TryRead(bytes.Slice(0, length), out LoadOption option)
            && option.IsDescribedAs(Description);
    }

    /// <summary>Whether a number is free: neither a variable nor an entry of the order has it.</summary>
    public static bool IsFree(ushort number, scoped ref DriverOrder<TPlatform> order)
    {
        Span<byte> bytes = stackalloc byte[LoadOption.Capacity];
        return order.IndexOf(number) < 0 && Read(number, bytes, out _) == VariableOutcome.Missing;
    }

    /// <summary>Finds our entry, in the order first.</summary>
    /// <returns>Whether there is one.</returns>
    public static bool TryFind(scoped ref DriverOrder<TPlatform> order, out ushort number)
    {
        for (int i = 0; i < order.Count; i++)
        {
            number = order[i];
            if (IsOurs(number))
            {
                return true;
            }
        }

        for (number = 0; number < Searched; number++)
        {
            if (IsOurs(number))
            {
                return true;
            }
        }

        return false;
    }
}
