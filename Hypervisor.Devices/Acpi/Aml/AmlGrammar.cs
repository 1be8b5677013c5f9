using static Hypervisor.Devices.Acpi.Aml.AmlArgument;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>The operations of AML from ACPI 1.0 to 6.5 and what stands behind the code of each (ACPI 6.5 §20.2, §20.3).</summary>
internal static class AmlGrammar
{
    /// <summary>First byte of the codes of two bytes (ExtOpPrefix).</summary>
    internal const byte ExtendedPrefix = 0x5B;

    private const int Extended = ExtendedPrefix << 8;
    private const ulong Statement = AmlOperation.Statement;
    private const ulong Conditional = AmlOperation.Conditional;
    private const ulong Unknown = AmlOperation.Unknown;

    /// <summary>The operation of a code.</summary>
    /// <param name="code">A byte, or the second byte behind 0x5B with 0x5B00 added.</param>
    internal static AmlOperation Find(int code) => new(code < Extended ? Short(code) : Long(code));

    private static ulong Short(int code) => code switch
    {
        0x00 or 0x01 or 0xFF => Of(None), // Zero, One, Ones
        0x06 => Of(NewAlias) | Statement, // Alias
        0x08 => Of(NewName, Term) | Statement, // Name
        0x0A => Of(Byte), // ByteConst
        0x0B => Of(Word), // WordConst
        0x0C => Of(DWord), // DWordConst
        0x0D => Of(Text), // String
        0x0E => Of(QWord), // QWordConst
        0x10 => Of(Length, OldScope, Terms) | Statement, // Scope
        >= 0x11 and <= 0x13 => Of(Length, Rest), // Buffer, Package, VarPackage: what is needed of them is looked at where they have a name
        0x14 => Of(Length, NewMethod) | Statement, // Method
        0x15 => Of(NewExternal) | Statement, // External
        >= 0x60 and <= 0x67 => Of(None), // Local0 to Local7
        >= 0x68 and <= 0x6E => Of(None), // Arg0 to Arg6
        0x70 => Of(Term, Target), // Store
        0x71 => Of(Target), // RefOf
        >= 0x72 and <= 0x74 => Of(Term, Term, Target), // Add, Concatenate, Subtract
        0x75 or 0x76 => Of(Target), // Increment, Decrement
        0x77 => Of(Term, Term, Target), // Multiply
        0x78 => Of(Term, Term, Target, Target), // Divide
        >= 0x79 and <= 0x7F => Of(Term, Term, Target), // ShiftLeft, ShiftRight, And, NAnd, Or, NOr, XOr
        >= 0x80 and <= 0x82 => Of(Term, Target), // Not, FindSetLeftBit, FindSetRightBit
        0x83 => Of(Term), // DerefOf
        0x84 or 0x85 => Of(Term, Term, Target), // ConcatenateResTemplate, Mod
        0x86 => Of(Target, Term) | Statement, // Notify
        0x87 => Of(Target), // SizeOf
        0x88 => Of(Term, Term, Target), // Index
        0x89 => Of(Term, Byte, Term, Byte, Term, Term), // Match
        // CreateDWordField, CreateWordField, CreateByteField, CreateBitField, CreateQWordField
        0x8A or 0x8B or 0x8C or 0x8D or 0x8F => Of(Term, Term, NewObject) | Statement,
        0x8E => Of(Target), // ObjectType
        0x90 or 0x91 or 0x93 or 0x94 or 0x95 => Of(Term, Term), // LAnd, LOr, LEqual, LGreater, LLess; their opposites are LNot before them
        0x92 => Of(Term), // LNot
        >= 0x96 and <= 0x99 => Of(Term, Target), // ToBuffer, ToDecimalString, ToHexString, ToInteger
        0x9C => Of(Term, Term, Target), // ToString
        0x9D => Of(Term, Target), // CopyObject
        0x9E => Of(Term, Term, Term, Target), // Mid
        0x9F or 0xA3 or 0xA5 or 0xCC => Statement, // Continue, Noop, Break, BreakPoint
        0xA0 or 0xA2 => Of(Length, Term, Terms) | Conditional | Statement, // If, While
        0xA1 => Of(Length, Terms) | Conditional | Statement, // Else
        0xA4 => Of(Result) | Statement, // Return
        _ => Unknown,
    };

    private static ulong Long(int code) => code switch
    {
        Extended | 0x01 => Of(NewObject, Byte) | Statement, // Mutex
        Extended | 0x02 => Of(NewObject) | Statement, // Event
        Extended | 0x12 => Of(Target, Target), // CondRefOf
        Extended | 0x13 => Of(Term, Term, Term, NewObject) | Statement, // CreateField
        Extended | 0x1F => Of(Term, Term, Term, Term, Term, Term), // LoadTable
        Extended | 0x20 => Of(Mention, Target), // Load
        Extended | 0x21 or Extended | 0x22 => Of(Term) | Statement, // Stall, Sleep
        Extended | 0x23 => Of(Target, Word), // Acquire
        Extended | 0x24 or Extended | 0x26 or Extended | 0x27 => Of(Target) | Statement, // Signal, Reset, Release
        Extended | 0x25 => Of(Target, Term), // Wait
        Extended | 0x28 or Extended | 0x29 => Of(Term, Target), // FromBCD, ToBCD
        Extended | 0x2A => Of(Target) | Statement, // Unload
        Extended | 0x30 or Extended | 0x31 or Extended | 0x33 => Of(None), // Revision, Debug, Timer
        Extended | 0x32 => Of(Byte, DWord, Term) | Statement, // Fatal
        Extended | 0x80 => Of(NewObject, Byte, Term, Term) | Statement, // OperationRegion
        Extended | 0x81 => Of(Length, Mention, Byte, Fields) | Statement, // Field
        Extended | 0x82 or Extended | 0x85 => Of(Length, NewScope, Terms) | Statement, // Device, ThermalZone
        Extended | 0x83 => Of(Length, NewScope, Byte, DWord, Byte, Terms) | Statement, // Processor
        Extended | 0x84 => Of(Length, NewScope, Byte, Word, Terms) | Statement, // PowerResource
        Extended | 0x86 => Of(Length, Mention, Mention, Byte, Fields) | Statement, // IndexField
        Extended | 0x87 => Of(Length, Mention, Mention, Term, Byte, Fields) | Statement, // BankField
        Extended | 0x88 => Of(NewObject, Term, Term, Term) | Statement, // DataTableRegion
        _ => Unknown,
    };

    private static ulong Of(
        AmlArgument first,
        AmlArgument second = None,
        AmlArgument third = None,
        AmlArgument fourth = None,
        AmlArgument fifth = None,
        AmlArgument sixth = None) =>
        (ulong)first
        | ((ulong)second << AmlOperation.ArgumentBits)
        | ((ulong)third << (2 * AmlOperation.ArgumentBits))
        | ((ulong)fourth << (3 * AmlOperation.ArgumentBits))
        | ((ulong)fifth << (4 * AmlOperation.ArgumentBits))
        | ((ulong)sixth << (5 * AmlOperation.ArgumentBits));
}
